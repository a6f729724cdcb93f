# SPDX-License-Identifier: GPL-3.0-or-later
"""Solvers in processes of their own: the same answers; one that ends, hangs or does not start."""

import os
import select
import signal

import lmf_scene
import pytest
from ntnpos.lmf import worker
from ntnpos.lmf.solving import InlineSolver, Job, Settings, job_from_dict, job_to_dict
from ntnpos.lmf.worker import SolverError, WorkerSolver

SETTINGS = Settings(24.0, 2.0)
LINES = tuple(row.to_json_line() for row in lmf_scene.measurements())
JOB = Job("phone", 3, 1, 1, 24, LINES)
OTHER = Job("other", 4, 1, 30, 53, LINES[:12])


def known(solver):
    solver.add_assistance(1, lmf_scene.assistance().to_json())
    return solver


@pytest.fixture
def solver():
    made = known(WorkerSolver(SETTINGS))
    yield made
    made.close()


def wait(solver) -> list:
    """Answers, once there are some."""
    found = solver.answers()
    while not found:
        assert select.select(solver.descriptors(), [], [], 60)[0], "no answer"
        found = solver.answers()
    return found


def test_a_job_survives_being_written_down():
    job = Job("phone", 3, 1, 1, 2, LINES[:2], ((7, "{}"),))
    assert job_from_dict(job_to_dict(job)) == job


def test_the_answers_are_those_of_the_own_process(solver):
    inline = known(InlineSolver(SETTINGS))
    for job in (JOB, OTHER, Job("big", 5, 1, 1, 960, LINES * 40)):
        assert solver.free == 1
        for one in (solver, inline):
            one.submit(job)
        assert solver.free == 0
        assert wait(solver) == inline.answers()


def test_a_process_that_ends_gives_its_job_up_and_is_replaced(solver):
    solver.submit(JOB)
    assert wait(solver)[0][1].status == "ok"
    solver.submit(JOB)
    os.kill(solver._workers[0].process.pid, signal.SIGKILL)
    solver._workers[0].process.wait()
    while not (found := wait(solver)) or found[0][1].fix is not None:
        solver.submit(JOB)  # it had answered before it ended
    ((job, answer),) = found
    assert (job, answer.fix, answer.failed, solver.restarts, solver.free) == (JOB, None, True, 1, 1)
    solver.submit(OTHER)
    assert wait(solver)[0][0] is OTHER


@pytest.mark.parametrize(
    "job", [OTHER, Job("big", 5, 1, 1, 960, LINES * 40)], ids=["small", "more than a pipe holds"]
)
def test_a_process_that_hangs_is_ended(job):
    clock = lmf_scene.Clock()
    solver = known(WorkerSolver(SETTINGS, limit_s=30.0, clock=clock))
    os.kill(solver._workers[0].process.pid, signal.SIGSTOP)
    solver.submit(job)
    assert solver.answers() == []
    clock.now += 31.0
    ((found, answer),) = solver.answers()
    assert (found, answer.fix, answer.failed, solver.restarts) == (job, None, True, 1)
    solver.close()


def test_it_ends_with_the_process_that_started_it(solver):
    process = solver._workers[0].process
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdin = open(os.devnull, "wb")  # which `close` closes


def test_a_process_that_does_not_start_is_no_endless_loop(monkeypatch):
    monkeypatch.setattr(worker.sys, "executable", "/bin/false")
    solver = known(WorkerSolver(SETTINGS))
    with pytest.raises(SolverError, match="does not start"):
        wait(solver)
    solver.close()


def test_several_work_at_once_and_a_replaced_assistance_is_forgotten():
    solver = known(WorkerSolver(SETTINGS, count=2))
    for job in (JOB, OTHER):
        solver.submit(job)
    assert solver.free == 0
    found = wait(solver)
    while len(found) < 2:
        found += wait(solver)
    assert {job.ue for job, _ in found} == {"phone", "other"}
    solver.add_assistance(2, lmf_scene.assistance().to_json())
    solver.forget_assistance(1)
    solver.submit(Job("phone", 3, 2, 1, 24, LINES))
    assert wait(solver)[0][1].status == "ok"
    solver.close()
