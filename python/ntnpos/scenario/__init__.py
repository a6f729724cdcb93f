# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: what a simulation is made from, as a validated YAML file."""

from .loader import load_scenario, parse_scenario
from .model import Air, Channel, Errors, Link, Occasions, Path, Prior, Receiver, Scenario, Ue

__all__ = ["Air", "Channel", "Errors", "Link", "Occasions", "Path", "Prior", "Receiver", "Scenario", "Ue", "load_scenario",
           "parse_scenario"]
