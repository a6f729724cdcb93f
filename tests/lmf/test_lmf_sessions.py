# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions: when a fix is due, what it rests on, and that memory is bounded."""

import random

import pytest
from ntnpos.lmf.sessions import Limits, Row, Sessions


def add(sessions, ue, t_s, number, now=0.0, size=100):
    session = sessions.session(ue, "sky", now)
    sessions.add(session, Row(number, t_s, "x" * size))
    return session


def test_a_fix_is_due_after_its_period_of_message_time():
    sessions = Sessions(Limits(fix_every_s=1.0))
    for number, t_s in enumerate((10.0, 10.5, 10.99)):
        add(sessions, "a", t_s, number)
    assert sessions.take() is None
    add(sessions, "a", 11.0, 3)
    session, claims = sessions.take()
    assert (session.ue, [row.t_s for row in session.rows], claims) == ("a", [10.0, 10.5, 10.99, 11.0], [])
    add(sessions, "a", 11.9, 4)
    assert sessions.take() is None
    add(sessions, "a", 12.0, 5)
    assert sessions.take()[0] is session and sessions.take() is None


def test_what_has_come_is_solved_once_nothing_more_comes():
    sessions = Sessions(Limits(quiet_s=0.5))
    add(sessions, "a", 10.0, 1, now=100.0)
    add(sessions, "b", 10.0, 2, now=100.3)
    sessions.tick(100.4)
    assert sessions.due == 0
    sessions.tick(100.5)
    assert sessions.take()[0].ue == "a" and sessions.take() is None
    sessions.tick(101.0)
    assert sessions.take()[0].ue == "b"
    sessions.tick(200.0)
    assert sessions.take() is None


def test_a_session_that_is_being_solved_waits():
    sessions = Sessions(Limits(fix_every_s=0.0))
    first, second = add(sessions, "a", 1.0, 1), add(sessions, "b", 1.0, 2)
    assert sessions.take({first.number})[0] is second
    assert sessions.take({first.number}) is None and sessions.due == 1


def test_the_window_slides_with_message_time():
    sessions = Sessions(Limits(window_s=5.0, per_ue=4))
    for number, t_s in enumerate((0.0, 1.0, 4.0, 5.5)):
        session = add(sessions, "a", t_s, number)
    assert [row.t_s for row in session.rows] == [1.0, 4.0, 5.5]
    for number in range(4, 8):
        add(sessions, "a", 6.0, number)
    assert [row.id for row in session.rows] == [4, 5, 6, 7] and sessions.counts.forgotten == 3


def test_time_that_goes_back_starts_anew_and_a_false_time_is_survived():
    sessions = Sessions(Limits(window_s=60.0))
    for number, t_s in enumerate((100.0, 90.0, 1e9, 100.1, 100.2)):
        session = add(sessions, "a", t_s, number)
    assert [row.t_s for row in session.rows] == [100.1, 100.2]
    assert sessions.counts.resets == 1


def test_the_least_recently_heard_goes_first():
    sessions = Sessions(Limits(ues=3))
    for number, ue in enumerate("abcad"):
        add(sessions, ue, 1.0, number)
    assert len(sessions) == 3 and sessions.counts.evicted == 1
    sessions.ask_all()
    assert {sessions.take()[0].ue for _ in range(3)} == {"a", "c", "d"}


def test_sessions_end_by_the_clock():
    sessions = Sessions(Limits(timeout_s=10.0, quiet_s=0.5))
    add(sessions, "a", 1.0, 1, now=0.0)
    add(sessions, "b", 1.0, 2, now=8.0)
    sessions.tick(10.0)
    assert sessions.due == 2 and len(sessions) == 2  # a fix first
    sessions.take(), sessions.take()
    sessions.tick(10.0)
    assert len(sessions) == 1 and sessions.counts.expired == 1
    sessions.tick(18.0)
    assert len(sessions) == 0 and sessions.size == 0


def test_a_restarted_ue_has_a_session_of_its_own():
    sessions = Sessions(Limits(ues=1), first_number=7)
    numbers = [add(sessions, ue, 1.0, 0).number for ue in "aba"]
    assert numbers == [7, 8, 9]


@pytest.mark.parametrize("seed", range(4))
def test_memory_stays_within_its_limits_whatever_comes(seed):
    """20 000 measurements of 300 UEs at any times; the sizes are added up anew by hand."""
    rng = random.Random(seed)
    limits = Limits(ues=50, per_ue=40, total_bytes=200_000, window_s=20.0)
    sessions = Sessions(limits)
    for number in range(20_000):
        add(
            sessions,
            f"ue {rng.randrange(300)}",
            rng.choice([rng.uniform(0, 100), 1e8, -1e8]),
            number,
            now=number * 0.01,
            size=rng.randrange(1, 3000),
        )
        if number % 100 == 0:
            sessions.tick(number * 0.01)
            while number % 300 == 0 and sessions.take():
                pass
        if number % 500 == 0:
            kept = list(sessions._all.values())
            assert len(kept) <= limits.ues and max(len(session.rows) for session in kept) <= limits.per_ue
            assert (
                sessions.size
                == sum(row.size for session in kept for row in session.rows)
                <= limits.total_bytes
            )
            alive = {session.number for session in kept}
            assert set(sessions._due) | set(sessions._waiting) <= alive
            assert not set(sessions._due) & set(sessions._waiting)
            times = [[row.t_s for row in session.rows] for session in kept]
            assert all(t[0] >= max(t) - limits.window_s for t in times if t)
    counts = sessions.counts
    assert counts.evicted > 1000 and counts.resets > 100
    assert counts.started == len(sessions) + counts.evicted + counts.expired
