"""Every row of the table of states, and what is kept while nodes have not had time to report."""

from dataclasses import replace
from datetime import timedelta

import pytest

from servery_serving.domain import state
from servery_serving.domain.deployment import Aspect, Condition, Observation, State, Status
from servery_serving.domain.node import Answer, AssignmentStatus, Node, Progress, View
from tests.fakes.wishes import NOW, deployment

LATER = NOW + timedelta(seconds=5)
STOPPED, SCHEDULED, INITIALIZED, STARTED, READY = Aspect
TRUE, FALSE, GOING = Status

NEVER = deployment()
STARTED_NOW = deployment(started=True, ever_started=True)
WAS_STARTED = deployment(started=False, ever_started=True)


def view(progress=None, reason="", answer=None, node="n1"):
    key = NEVER.key
    status = None if progress is None else AssignmentStatus(key, progress, reason)
    return View(Node(node, f"{node}:8001"), status, answer)


def running_before(wish=STARTED_NOW):
    ready = view(Progress.READY, answer=Answer(ready=True))
    return replace(wish, observed=state.observe(wish, [ready], settling=False, now=NOW))


def observed(wish, views, *, settling=False):
    return state.observe(wish, views, settling=settling, now=LATER)


YES = Answer(ready=True)
NO = Answer(ready=False, reason="node n1 at n1:8001 does not answer there")
TABLE = [
    ("never started", NEVER, [], State.CREATED, "never started", {STOPPED: TRUE}),
    ("never started, nodes there", NEVER, [view()], State.CREATED, "StartDeployment", {STOPPED: TRUE}),
    ("stopped, held", WAS_STARTED, [view(), view(Progress.READY, node="n2")], State.STOPPING, "node n2 still holds it",
     {STOPPED: GOING, SCHEDULED: GOING}),
    ("stopped, held in failure", WAS_STARTED, [view(Progress.FAILED)], State.STOPPING, "Stopping deployment",
     {STOPPED: GOING, SCHEDULED: GOING}),
    ("stopped, dropped", WAS_STARTED, [view()], State.STOPPED, "Deployment is not running", {STOPPED: TRUE}),
    ("stopped, no node", WAS_STARTED, [], State.STOPPED, "Deployment is not running", {STOPPED: TRUE}),
    ("no node", STARTED_NOW, [], State.STARTING, "python -m servery_inference", {SCHEDULED: GOING}),
    ("not taken yet", STARTED_NOW, [view()], State.STARTING, "node n1 has not taken it yet", {SCHEDULED: GOING}),
    ("fetching", STARTED_NOW, [view(Progress.FETCHING)], State.STARTING, "Initializing deployment",
     {SCHEDULED: TRUE, INITIALIZED: GOING}),
    ("loading", STARTED_NOW, [view(Progress.LOADING)], State.STARTING, "Deployment is starting",
     {SCHEDULED: TRUE, INITIALIZED: TRUE, STARTED: GOING}),
    ("ready, not probed", STARTED_NOW, [view(Progress.READY)], State.STARTING, "Setting up connectivity",
     {SCHEDULED: TRUE, INITIALIZED: TRUE, STARTED: TRUE, READY: GOING}),
    ("ready, no answer", STARTED_NOW, [view(Progress.READY, answer=NO)], State.STARTING,
     "Failed to setup connectivity: node n1 at n1:8001 does not answer there",
     {SCHEDULED: TRUE, INITIALIZED: TRUE, STARTED: TRUE, READY: FALSE}),
    ("answered", STARTED_NOW, [view(Progress.READY, answer=YES)], State.RUNNING, "Deployment is ready",
     {SCHEDULED: TRUE, INITIALIZED: TRUE, STARTED: TRUE, READY: TRUE}),
    ("answered on one of two", STARTED_NOW, [view(Progress.READY, answer=YES), view(Progress.LOADING, node="n2")],
     State.RUNNING, "Deployment is ready", {SCHEDULED: TRUE, INITIALIZED: TRUE, STARTED: TRUE, READY: TRUE}),
    ("one answers, one failed", STARTED_NOW,
     [view(Progress.FAILED, "no space"), view(Progress.READY, answer=YES, node="n2")],
     State.RUNNING, "on 1 of 2 nodes; no space (node n1)",
     {SCHEDULED: TRUE, INITIALIZED: TRUE, STARTED: TRUE, READY: TRUE}),
    ("failed", STARTED_NOW, [view(Progress.FAILED, "no such file; push it again")], State.FAILED,
     "no such file; push it again (node n1)", {SCHEDULED: TRUE, INITIALIZED: FALSE}),
    ("failed without a word", STARTED_NOW, [view(Progress.FAILED)], State.FAILED, "its log may have one",
     {SCHEDULED: TRUE, INITIALIZED: FALSE}),
    ("failed after the files were there", running_before(), [view(Progress.FAILED, "bad pickle")], State.FAILED,
     "bad pickle", {SCHEDULED: TRUE, INITIALIZED: TRUE, STARTED: FALSE}),
    ("failed on both, differently", STARTED_NOW,
     [view(Progress.FAILED, "a"), view(Progress.FAILED, "b", node="n2")], State.FAILED, "a (node n1); b (node n2)",
     {SCHEDULED: TRUE, INITIALIZED: FALSE}),
    ("failed on one, not taken by the other", STARTED_NOW, [view(Progress.FAILED, "a"), view(node="n2")],
     State.STARTING, "node n2 has not taken it yet", {SCHEDULED: GOING}),
    ("failed on one, loading on the other", STARTED_NOW,
     [view(Progress.FAILED, "a"), view(Progress.LOADING, node="n2")], State.STARTING, "Deployment is starting",
     {SCHEDULED: TRUE, INITIALIZED: TRUE, STARTED: GOING}),
    ("ran, its node is gone", running_before(), [], State.STARTING, "no inference node is connected",
     {SCHEDULED: GOING}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "views", "expected", "words", "conditions"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_state_follows_from_the_wish_and_what_nodes_say(wish, views, expected, words, conditions):
    seen = observed(wish, views)
    assert seen.state is expected
    assert words in seen.reason
    assert {c.aspect: c.status for c in seen.conditions} == conditions
    assert [c.aspect for c in seen.conditions] == sorted((c.aspect for c in seen.conditions), key=list(Aspect).index)
    assert all(c.reason for c in seen.conditions)


def test_the_words_of_the_conditions_are_those_of_hopsworks():
    seen = [
        observed(STARTED_NOW, []),
        observed(STARTED_NOW, [view(Progress.FETCHING)]),
        observed(STARTED_NOW, [view(Progress.LOADING)]),
        observed(STARTED_NOW, [view(Progress.READY)]),
        observed(STARTED_NOW, [view(Progress.READY, answer=YES)]),
        observed(STARTED_NOW, [view(Progress.FAILED, "x")]),
        observed(WAS_STARTED, [view(Progress.READY)]),
        observed(WAS_STARTED, []),
    ]
    beginnings = [
        "Waiting for being scheduled",
        "Initializing deployment",
        "Deployment is starting",
        "Setting up connectivity",
        "Deployment is ready",
        "Failed to initialize: ",
        "Waiting for being unscheduled",
        "Deployment is not running",
    ]
    for observation, beginning in zip(seen, beginnings, strict=True):
        assert observation.conditions[-1].reason.startswith(beginning)


def stored(wish, state_, reason="as it was"):
    condition = Condition(SCHEDULED, TRUE, "Scheduled", NOW)
    return replace(wish, observed=Observation(state=state_, reason=reason, conditions=(condition,)))


SETTLING = [
    ("ran, nothing heard", running_before(), [], State.RUNNING),
    ("ran, a node is there and has not taken it", running_before(), [view()], State.RUNNING),
    ("ran, one node failed", running_before(), [view(Progress.FAILED, "x")], State.RUNNING),
    ("ran, its node is loading", running_before(), [view(Progress.LOADING)], State.STARTING),
    ("ran, its node answers", running_before(), [view(Progress.READY, answer=YES)], State.RUNNING),
    ("failed, nothing heard", stored(STARTED_NOW, State.FAILED), [], State.FAILED),
    ("failed, its node is ready", stored(STARTED_NOW, State.FAILED), [view(Progress.READY, answer=YES)], State.RUNNING),
    ("stopping, nothing heard", stored(WAS_STARTED, State.STOPPING), [], State.STOPPING),
    ("stopping, a node is there without it", stored(WAS_STARTED, State.STOPPING), [view()], State.STOPPED),
    ("stopped", stored(WAS_STARTED, State.STOPPED), [], State.STOPPED),
    ("starting, nothing heard", stored(STARTED_NOW, State.STARTING), [], State.STARTING),
]


@pytest.mark.parametrize(("wish", "views", "expected"), [row[1:] for row in SETTLING], ids=[row[0] for row in SETTLING])
def test_after_a_restart_of_serving_silence_of_the_nodes_says_nothing(wish, views, expected):
    assert observed(wish, views, settling=True).state is expected


def test_running_that_no_node_has_confirmed_says_so_and_is_reconciling():
    wish = running_before()
    assert not wish.reconciling
    kept = replace(wish, observed=observed(wish, [], settling=True))
    assert kept.observed.reason == state.UNCONFIRMED
    assert kept.reconciling


def test_failed_recovers_by_itself_when_the_node_is_ready():
    failed = replace(STARTED_NOW, observed=observed(STARTED_NOW, [view(Progress.FAILED, "x")]))
    assert failed.reconciling
    assert observed(failed, [view(Progress.READY, answer=YES)]).state is State.RUNNING


def test_a_condition_keeps_its_time_until_status_or_reason_change():
    wish = running_before()
    same = state.observe(wish, [view(Progress.READY, answer=YES)], settling=False, now=LATER)
    assert same == wish.observed
    lost = state.observe(wish, [view(Progress.READY, answer=NO)], settling=False, now=LATER)
    times = {c.aspect: c.last_transition_time for c in lost.conditions}
    assert times == {SCHEDULED: NOW, INITIALIZED: NOW, STARTED: NOW, READY: LATER}


def test_a_new_wish_shows_at_once():
    assert state.begun(STARTED_NOW, LATER).state is State.STARTING
    assert state.begun(WAS_STARTED, LATER).state is State.STOPPING
    assert state.begun(NEVER, LATER).state is State.CREATED
