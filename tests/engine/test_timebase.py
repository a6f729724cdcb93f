# SPDX-License-Identifier: GPL-3.0-or-later
"""Epochs and time pairs; Julian dates against astropy."""

import math

import pytest
from astropy.time import Time
from hypothesis import given, strategies as st
from ntnpos.world import timebase
from ntnpos.world.timebase import Epoch

ONE_NANOSECOND_DAYS = 1e-9 / 86400.0


@pytest.mark.filterwarnings("ignore:ERFA function")  # leap seconds of 1957 and 2056 are not known to it
@pytest.mark.parametrize("text", ["1957-10-04T19:28:34Z", "2000-01-01T12:00:00Z",
                                  "2024-02-29T23:59:59.999999Z",
                                  "2025-10-07T18:49:00Z", "2056-12-31T00:00:00.25Z"])
def test_julian_date_agrees_with_astropy(text):
    whole, frac = Epoch.parse(text).jd
    theirs = Time(text[:-1], scale="utc", format="isot")
    assert 0.0 <= frac < 1.0
    assert abs((whole - theirs.jd1) + (frac - theirs.jd2)) < ONE_NANOSECOND_DAYS


@pytest.mark.parametrize("text", ["", "2025-10-07", "2025-10-07T12:00:00", "2025-10-07T12:00:00+00:00",
                                  "2025-10-07 12:00:00Z", "2025-13-07T12:00:00Z", "2025-02-29T12:00:00Z",
                                  "2025-10-07T12:00:60Z", "2025-10-07T12:00:00.1234567Z",
                                  "２025-10-07T12:00:00Z", "2025-10-07T12:00:00Z\n", None, 5])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError):
        Epoch.parse(text)


@pytest.mark.parametrize("text", ["2025-10-07T18:49:00Z", "2025-10-07T18:49:00.250000Z"])
def test_iso_returns_what_was_parsed(text):
    assert Epoch.parse(text).iso() == text


def test_plus_and_seconds_until_are_inverse():
    epoch = Epoch.parse("2025-12-31T23:59:59.5Z")
    later = epoch.plus(1.75)
    assert later.iso() == "2026-01-01T00:00:01.250000Z"
    assert epoch.seconds_until(later) == 1.75


@given(st.floats(-1e9, 1e9))
def test_split_and_join_return_the_same_time(seconds):
    whole, fraction = timebase.split(seconds)
    assert 0.0 <= fraction < 1.0
    assert timebase.join(whole, fraction) == pytest.approx(seconds, abs=math.ulp(max(1.0, abs(seconds))))


def test_difference_of_pairs_far_from_zero_keeps_picoseconds():
    assert timebase.difference((2**53, 0.25 + 1e-12), (2**53, 0.25)) == pytest.approx(1e-12, rel=1e-3)
