# SPDX-License-Identifier: GPL-3.0-or-later
"""What measurements should read if the UE is at a given place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

import numpy as np

from ..network import two_way
from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..world.constants import C_M_S
from . import rows, starts
from .solver import covariance_of
from .system import System

_ROUNDS = 4  # clock terms are linear but for the satellites' motion during an offset


@dataclass(frozen=True)
class Prediction:
    """m rows; a direction makes two, the angles (rad) from the measured direction along two axes across it.

    Attributes
    ----------
    kinds, satellites : of each row
    t_s : [m] the instant it is about
    predicted : [m] what it should read there, in the kind's unit (s, m/s, rad)
    residual : [m] measured less predicted
    std : [m] stated deviation
    gradient : [m, 3] d(predicted)/d(ECEF place), unit per m
    whitened : [m] residuals over deviations, errors that a satellite's rows share taken into account
    chi2 : of the rows, clock terms fitted
    dof : rows less clock terms fitted
    clock_offset_s, sending_offset_s : fitted at this place; None where the rows have none
    """

    kinds: tuple[str, ...]
    satellites: tuple[str, ...]
    t_s: np.ndarray
    predicted: np.ndarray
    residual: np.ndarray
    std: np.ndarray
    gradient: np.ndarray
    whitened: np.ndarray
    chi2: float
    dof: int
    clock_offset_s: float | None
    sending_offset_s: float | None


_VALUE = {"toa": "toa_s", "rtt": "rtt_s", "ul_rtoa": "rtoa_s", "range_rate": "range_rate_m_s"}


def predict(measurements: Iterable[Measurement], assistance: Assistance, ecef,
            toa_model_std_s: float = rows.TOA_MODEL_STD_S) -> Prediction | None:
    """Every usable row's predicted value at a place; both ends of the two-way chain are paired first.

    Parameters
    ----------
    measurements, assistance, toa_model_std_s : as for `solve`
    ecef : array [3]
        The place, m.

    Returns
    -------
    Prediction
        None where no measurement makes a row. Unknown clocks are fitted to the rows at that place.

    Raises
    ------
    InputError
        As `solve`.
    """
    usable = rows.usable(two_way.pair(measurements, assistance).measurements, assistance)
    if not usable:
        return None
    system, _ = rows.build(usable, assistance, None, toa_model_std_s)
    if not system.measured:
        return None
    state = _fitted(system, starts.with_clock(system, np.asarray(ecef, dtype=float)[None]))
    layout = system.layout
    blocks = [system.model(part, state) for part in system.measured]
    whitened, _ = system.evaluate(state)
    measured = np.isin(system.kinds, [part.model.kind for part in system.measured])
    residual = -np.concatenate([block[0][0] for block in blocks])
    values = np.concatenate([getattr(part.model, _VALUE[part.model.kind]) if part.model.kind in _VALUE else
                             np.zeros(len(part.model.std)) for part in system.measured])
    chi2 = float(np.sum(whitened[0][system.kinds != "doppler"] ** 2))

    def offset(column: int | None) -> float | None:
        return None if column is None else float(state[0, column] / C_M_S)

    fitted = (layout.clock is not None) + (layout.sending is not None)
    return Prediction(
        kinds=tuple(map(str, system.kinds[measured])),
        satellites=tuple(map(str, system.sources[measured])),
        t_s=np.concatenate([_times(part.model) for part in system.measured]),
        predicted=values - residual,
        residual=residual,
        std=np.concatenate([part.model.std for part in system.measured]),
        gradient=np.concatenate([block[1][0][:, layout.position] for block in blocks]),
        whitened=-whitened[0][measured],
        chi2=chi2,
        dof=int(measured.sum()) - fitted,
        clock_offset_s=offset(layout.clock),
        sending_offset_s=offset(layout.sending),
    )


def _times(model) -> np.ndarray:
    """The instant each row is about."""
    return 0.5 * (model.t_tx_s + model.t_rx_s) if model.kind == "rtt" else model.t_s


def _fitted(system: System, state: np.ndarray) -> np.ndarray:
    """The state [1, n] with everything but the place fitted to the rows by weighted least squares."""
    others = [column for column in range(system.layout.size) if column > 2]
    if not others:
        return state
    for _ in range(_ROUNDS):
        residual, jacobian = system.evaluate(state)
        matrix = jacobian[0][:, others]
        root = np.linalg.qr(np.vstack([matrix, np.zeros((len(others), len(others)))]), mode="r")
        covariance = covariance_of(root)
        known = np.isfinite(covariance)
        state = state.copy()
        state[0, others] -= np.where(known, covariance, 0.0) @ (matrix.T @ residual[0])
    return state
