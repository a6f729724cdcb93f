# SPDX-License-Identifier: GPL-3.0-or-later
"""From measurements to a fix: observation models, one solver for any mix of rows, geometry, integrity."""

from .engine import PositionEngine
from .fix import solve, solve_toa
from .fusion import Fused, fuse
from .geometry import Bound, Dop, cramer_rao, error_ellipse
from .predict import Prediction, predict
from .result import Estimate, Excluded, Fix
from .rows import Height

__all__ = ["Bound", "Dop", "Estimate", "Excluded", "Fix", "Fused", "Height", "PositionEngine", "Prediction", "cramer_rao",
           "error_ellipse", "fuse", "predict", "solve", "solve_toa"]
