# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's records as the kernels' structs and as messages; the one place that knows both."""

from __future__ import annotations

import numpy as np
import pmt
from gnuradio import ntnpos

from ntnpos.errors import InputError
from ntnpos.network.assistance import Assistance, Satellite
from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.network.search_windows import DelaySegment, SearchWindow
from ntnpos.world.timebase import split


def instant(t_s: float) -> ntnpos.instant:
    """Seconds from the epoch as the kernels' instant."""
    return ntnpos.instant(*split(t_s))


def carrier(of: Carrier, sample_rate_hz: float, source: object = "carrier") -> ntnpos.carrier:
    """Carrier sampled at a rate.

    Raises
    ------
    InputError
        The rate does not suit the numerology; `source` is named as the file it comes from.
    """
    found = ntnpos.carrier(
        frequency_hz=of.frequency_hz, scs_khz=of.scs_khz, n_rb=of.n_rb,
        extended_cp=of.cyclic_prefix == "extended", phase_compensation=of.phase_compensation,
        sample_rate_hz=sample_rate_hz)
    refuse(found.validate(), source)
    return found


def refuse(problem: str | None, source: object, where: str = "") -> None:
    """InputError of what a kernel's validator says is wrong; `where` is the field that the struct stands for."""
    if problem:
        field, _, rest = problem.partition(" = ")
        value, _, allowed = rest.partition(": must be ")
        raise InputError(source, where + field, value, allowed)


def prs_resource(of: PrsResource) -> ntnpos.prs_resource:
    """One DL-PRS resource."""
    def bits(text: str | None) -> list[int]:
        return [int(bit) for bit in text or ""]

    return ntnpos.prs_resource(
        sequence_id=of.sequence_id, comb_size=of.comb_size, re_offset=of.re_offset,
        start_symbol=of.start_symbol, num_symbols=of.num_symbols, start_prb=of.start_prb,
        num_rb=of.num_rb, periodicity_slots=of.periodicity_slots, slot_offset=of.slot_offset,
        repetition_factor=of.repetition_factor, time_gap_slots=of.time_gap_slots,
        muting_option1_bits=bits(of.muting_option1_bits),
        muting_option1_repetition=of.muting_option1_repetition,
        muting_option2_bits=bits(of.muting_option2_bits))


def signal(of: Satellite) -> ntnpos.satellite_signal:
    """What the receiver is told of a satellite's PRS."""
    return ntnpos.satellite_signal(of.id, prs_resource(of.prs), instant(of.sfn0_time_s))


def signals(assistance: Assistance, windows: list[SearchWindow]) -> list[ntnpos.satellite_signal]:
    """The satellites that have a window, in the windows' order."""
    by_id = {satellite.id: satellite for satellite in assistance.satellites}
    return [signal(by_id[window.satellite]) for window in windows]


def trajectory(segments: tuple[DelaySegment, ...]) -> ntnpos.trajectory:
    """Piecewise delay polynomial."""
    return ntnpos.trajectory(
        [ntnpos.delay_segment(instant(s.start_s), list(s.coefficients)) for s in segments])


def check_windows(windows: list[SearchWindow], carrier: ntnpos.carrier, assistance: Assistance) -> None:
    """InputError where the prior area and the receiver's bounds make a search that the receiver would refuse."""
    for window, heard in zip(windows, signals(assistance, windows)):
        problem = search_window(window).validate(carrier, heard.resource)
        if problem:
            raise InputError(assistance.path, "ue_prior, receiver", f"the search for {window.satellite}: {problem}",
                             "a smaller area, or tighter bounds of clock and frequency")


def search_window(of: SearchWindow) -> ntnpos.search_window:
    """A window as the correlator's constructor takes it."""
    return ntnpos.search_window(trajectory(of.segments), of.half_width_s, of.doppler_half_width_hz)


def window_message(of: SearchWindow) -> pmt.pmt_base:
    """A window as a message for the correlator's port `windows`."""
    segments = [pmt.make_tuple(time_pair(s.start_s),
                               pmt.init_f64vector(len(s.coefficients), list(s.coefficients)))
                for s in of.segments]
    vector = pmt.make_vector(len(segments), pmt.PMT_NIL)
    for index, segment in enumerate(segments):
        pmt.vector_set(vector, index, segment)
    return dictionary(satellite=pmt.intern(of.satellite), segments=vector,
                      half_width_s=pmt.from_double(of.half_width_s),
                      doppler_half_width_hz=pmt.from_double(of.doppler_half_width_hz))


def time_pair(t_s: float) -> pmt.pmt_base:
    """Seconds from the epoch as a (whole, fraction) tuple."""
    whole, fraction = split(t_s)
    return pmt.make_tuple(pmt.from_uint64(whole) if whole >= 0 else pmt.from_long(whole),
                          pmt.from_double(fraction))


def dictionary(**members: pmt.pmt_base) -> pmt.pmt_base:
    """PMT dictionary of symbols to values."""
    found = pmt.make_dict()
    for name, value in members.items():
        found = pmt.dict_add(found, pmt.intern(name), value)
    return found


def profile_of(message: pmt.pmt_base) -> tuple[str, np.ndarray, np.ndarray] | None:
    """Satellite, delays in s and complex profile of a `meas` message that has one, else None."""
    values = pmt.dict_ref(message, pmt.intern("profile"), pmt.PMT_NIL)
    if not pmt.is_c32vector(values):
        return None
    start, step = (pmt.to_double(pmt.dict_ref(message, pmt.intern(name), pmt.PMT_NIL))
                   for name in ("profile_start_s", "profile_step_s"))
    satellite = pmt.symbol_to_string(pmt.dict_ref(message, pmt.intern("satellite"), pmt.PMT_NIL))
    profile = np.array(pmt.c32vector_elements(values))
    return satellite, start + step * np.arange(len(profile)), profile
