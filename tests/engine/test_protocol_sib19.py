# SPDX-License-Identifier: GPL-3.0-or-later
"""SIB19: ephemeris in both forms, common TA at its epoch, scheduling fields, to and from assistance data."""

import itertools
import math

import numpy as np
import pytest
from protocol_scene import TA, directory, scene

from ntnpos.errors import InputError
from ntnpos.lmf.protocols import sib19
from ntnpos.network.assistance import parse_assistance

MU = 3.986004418e14


@pytest.mark.parametrize("orbital", [False, True])
def test_ephemeris_through_sib19_is_within_its_steps(orbital):
    """Starlink orbits: half steps of 1.3 m and 0.06 m/s an axis; orbital elements: 0.3 m and 0.3 mm/s in
    all."""
    assistance = scene()
    worst_m = worst_m_s = 0.0
    for satellite, at_s in itertools.product(assistance.satellites, (0.0, 3.0004, 9.9996, 55.5)):
        data = sib19.sib19_of(directory(assistance), satellite.id, at_s, orbital=orbital)
        found = sib19.fields_of(data, directory(assistance), satellite.id, at_s + 1.0)["ephemeris"]
        assert abs(found["t_s"] - at_s) <= 0.5001e-3
        r, v = satellite.orbit.state(found["t_s"])
        worst_m = max(worst_m, np.max(np.abs(r[0] - found["position_ecef_m"])))
        worst_m_s = max(worst_m_s, np.max(np.abs(v[0] - found["velocity_ecef_m_s"])))
    parse_assistance(assistance.to_dict() | {"satellites": [satellite.to_dict() | {"ephemeris": found}]})
    assert worst_m <= (0.3 if orbital else 0.6500001)
    assert worst_m_s <= (3e-4 if orbital else 0.0300001)


def test_orbital_elements_against_a_two_body_orbit_by_its_own_formulas():
    """Perigee of an orbit in the plane of the equator's x axis: radius, speed and angles are known without a
    solver."""
    axis, eccentricity, inclination, node, periapsis = 7.0e6, 0.0123, 0.9, 2.2, 4.0
    toward = np.array([math.cos(node), math.sin(node), 0.0])
    across = np.array([-math.sin(node) * math.cos(inclination), math.cos(node) * math.cos(inclination),
                       math.sin(inclination)])
    perigee = math.cos(periapsis) * toward + math.sin(periapsis) * across
    ahead = math.cos(periapsis) * across - math.sin(periapsis) * toward
    r = axis * (1.0 - eccentricity) * perigee
    speed = math.sqrt(MU / axis * (1.0 + eccentricity) / (1.0 - eccentricity))
    v = speed * ahead - np.cross([0.0, 0.0, 7.2921150e-5], r)
    from ntnpos.lmf.protocols.ephemeris import orbital
    name, value = orbital(r, v)
    assert name == "orbital-r17"
    assert value["semiMajorAxis-r17"] == round((axis - 6.5e6) / 4.249e-3)
    assert value["eccentricity-r17"] == round(eccentricity / 1.431e-8)
    assert value["inclination-r17"] == round(inclination / 2.341e-8)
    assert value["longitude-r17"] == round(node / 2.341e-8)
    assert abs(value["periapsis-r17"] - round(periapsis / 2.341e-8)) <= 1
    turn = round(2.0 * math.pi / 2.341e-8)
    assert min(value["meanAnomaly-r17"], turn - value["meanAnomaly-r17"]) <= 1


def test_orbits_that_the_orbital_form_has_not_are_refused():
    for line, message in (("retrograde", "inclination"), ("eccentric", "eccentricity")):
        r = np.array([7e6, 0.0, 0.0])
        v = {"retrograde": np.array([0.0, -1510.0, 7479.0]), "eccentric": np.array([0.0, 0.0, 7300.0])}[line]
        entry = {"ephemeris": {"type": "state_vectors", "t_s": 0.0, "position_ecef_m": list(r),
                               "velocity_ecef_m_s": list(v)}}
        assistance = scene(**entry)
        with pytest.raises(InputError, match=f"no {message} that can be reported"):
            sib19.sib19_of(directory(assistance), assistance.satellites[0].id, orbital=True)
        assert sib19.sib19_of(directory(assistance), assistance.satellites[0].id)


@pytest.mark.parametrize("at_s", [0.0, 7.3, -4.0004])
def test_common_ta_is_carried_to_the_epoch(at_s):
    assistance = scene(common_ta=TA)
    party = directory(assistance).parties[0]
    data = sib19.sib19_of(directory(assistance), party.id, at_s)
    found = sib19.fields_of(data, directory(assistance), party.id, at_s)
    assert (
        found["common_ta"]["epoch_time_s"] == found["ephemeris"]["t_s"] == pytest.approx(at_s, abs=0.5001e-3)
    )
    for t_s in (at_s, at_s + 5.0):
        def value(ta):
            dt = t_s - ta["epoch_time_s"]
            return ta["ta_common_s"] + ta["drift_s_per_s"] * dt + ta["drift_variant_s_per_s2"] * dt * dt
        assert value(found["common_ta"]) == pytest.approx(value(TA), abs=2.036e-9 + 5 * 1e-10 + 25 * 1e-11)


@pytest.mark.parametrize("name, value", [("k_offset_ms", 1), ("k_offset_ms", 1023), ("k_mac_ms", 512),
                                         ("ul_sync_validity_s", 5), ("ul_sync_validity_s", 900)])
def test_scheduling_fields(name, value):
    assistance = scene(**{name: value})
    data = sib19.sib19_of(directory(assistance), assistance.satellites[0].id, 1.0)
    assert sib19.fields_of(data, directory(assistance), assistance.satellites[0].id, 1.0)[name] == value


@pytest.mark.parametrize("changes, message", [
    ({"k_offset_ms": 1024}, "k_offset_ms: 1024 is out of range; allowed: 1 to 1023"),
    ({"k_mac_ms": 0}, "k_mac_ms: 0 is out of range; allowed: 1 to 512"),
    ({"ul_sync_validity_s": 7}, "ul_sync_validity_s: 7 is not allowed"),
    ({"common_ta": TA | {"ta_common_s": 0.28}}, "is no common TA that can be reported"),
        ({"common_ta": TA | {"ta_common_s": -1e-6}}, "common_ta.ta_common_s: -1e-06 is out of range"),
    ({"common_ta": TA | {"drift_variant_s_per_s2": -1e-7}}, "is no drift variant of the common TA"),
    ({"common_ta": {}}, "common_ta.epoch_time_s: is missing")])
def test_what_sib19_cannot_carry_is_refused_by_name(changes, message):
    assistance = scene(**changes)
    with pytest.raises(InputError) as error:
        sib19.sib19_of(directory(assistance), assistance.satellites[0].id, 0.0)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_the_epoch_is_the_nearest_of_its_frame_number():
    assistance = scene()
    name = assistance.satellites[0].id
    for cycles in (-3, 0, 1, 40):
        at_s = 10.24 * cycles + 2.345
        data = sib19.sib19_of(directory(assistance), name, at_s)
        for near_s in (at_s - 5.0, at_s + 5.0):
            found = sib19.fields_of(data, directory(assistance), name, near_s)
            assert found["ephemeris"]["t_s"] == pytest.approx(at_s, abs=1e-9)
