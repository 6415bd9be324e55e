"""From a wish and what the nodes say to a state: one pure function, `observe`.

    wish                  nodes and probe                                      state
    not started, never    –                                                    CREATED
    not started           a live node still reports it                         STOPPING
                          none does                                            STOPPED
    started               no live node                                         STARTING
                          none has taken it, or it is fetching or loading      STARTING
                          ready, and the front door does not answer            STARTING
                          ready, and the front door answers (on one suffices)  RUNNING
                          failed, on every live node                           FAILED

For one lease after serving itself was started, silence of the nodes says nothing: what was RUNNING or FAILED stays so
until a node has spoken of it, STOPPING until a node is there, and RUNNING does not become FAILED.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from servery_serving.domain.deployment import Aspect, Condition, Deployment, Observation, State, Status
from servery_serving.domain.node import Progress, View

NO_NODE: Final = (
    "no inference node is connected; start one with `python -m servery_inference`, "
    "its SERVERY_INFERENCE_SERVING_ADDRESS set to the address of this serving service"
)
UNCONFIRMED: Final = "was running before the serving service restarted; its nodes have not reported yet"

# The words of Hopsworks, which its clients and their users know.
_WAITING: Final = "Waiting for being scheduled"
_INITIALIZING: Final = "Initializing deployment"
_STARTING: Final = "Deployment is starting"
_CONNECTING: Final = "Setting up connectivity"
_READY: Final = "Deployment is ready"
_STOPPING: Final = "Stopping deployment"
_UNSCHEDULING: Final = "Waiting for being unscheduled"
_STOPPED: Final = "Deployment is not running"

_DONE: Final = {
    Aspect.SCHEDULED: "Scheduled",
    Aspect.INITIALIZED: "Files are on the node",
    Aspect.STARTED: "Model is loaded",
    Aspect.READY: _READY,
}

_Facts = tuple[tuple[Aspect, Status, str], ...]


def observe(deployment: Deployment, views: Sequence[View], *, settling: bool, now: datetime) -> Observation:
    """How a deployment is.

    Args:
        deployment: the wish, and what was observed before.
        views: every live node, as seen from this deployment.
        settling: serving was started less than a lease ago, so that nodes may be there that have not reported.
        now: time of the conditions that changed.
    """
    state, reason, facts = _judge(deployment, views)
    if settling:
        state, reason, facts = _unsettled(deployment, views, state, reason, facts)
    return Observation(state=state, reason=reason, conditions=_conditions(deployment.observed, facts, now))


def begun(deployment: Deployment, now: datetime) -> Observation:
    """How a deployment is in the moment in which its wish changed, before any node could know."""
    if deployment.started:
        facts: _Facts = ((Aspect.SCHEDULED, Status.IN_PROGRESS, _WAITING),)
        return Observation(
            state=State.STARTING, reason=_WAITING, conditions=_conditions(deployment.observed, facts, now)
        )
    state, reason, facts = _created() if not deployment.ever_started else _stopping(())
    return Observation(state=state, reason=reason, conditions=_conditions(deployment.observed, facts, now))


def _judge(deployment: Deployment, views: Sequence[View]) -> tuple[State, str, _Facts]:
    if not deployment.started:
        if not deployment.ever_started:
            return _created()
        holding = [view.node.id for view in views if view.status is not None]
        if holding:
            return _stopping(holding)
        return State.STOPPED, f"{_STOPPED}; StartDeployment starts it", ((Aspect.STOPPED, Status.TRUE, _STOPPED),)
    if not views:
        return State.STARTING, NO_NODE, ((Aspect.SCHEDULED, Status.IN_PROGRESS, f"{_WAITING}: {NO_NODE}"),)
    failed = [view for view in views if view.status is not None and view.status.progress is Progress.FAILED]
    if len(failed) == len(views):
        return _failed(deployment, failed)
    return _furthest(views, failed)


def _furthest(views: Sequence[View], failed: Sequence[View]) -> tuple[State, str, _Facts]:
    """The node that has come furthest says how far the deployment is."""
    if any(_is(view, Progress.READY) and view.answer is not None and view.answer.ready for view in views):
        but = f" on {len(views) - len(failed)} of {len(views)} nodes; {_reasons(failed)}" if failed else ""
        return State.RUNNING, _READY + but, _passed(Aspect.READY)
    if ready := [view for view in views if _is(view, Progress.READY)]:
        refusals = [view.answer.reason for view in ready if view.answer is not None]
        if refusals:
            reason = f"Failed to setup connectivity: {refusals[0]}"
            return State.STARTING, reason, (*_passed(Aspect.STARTED), (Aspect.READY, Status.FALSE, reason))
        return State.STARTING, _CONNECTING, (*_passed(Aspect.STARTED), (Aspect.READY, Status.IN_PROGRESS, _CONNECTING))
    if any(_is(view, Progress.LOADING) for view in views):
        facts = (*_passed(Aspect.INITIALIZED), (Aspect.STARTED, Status.IN_PROGRESS, _STARTING))
        return State.STARTING, _STARTING, facts
    if any(_is(view, Progress.FETCHING) for view in views):
        facts = (*_passed(Aspect.SCHEDULED), (Aspect.INITIALIZED, Status.IN_PROGRESS, _INITIALIZING))
        return State.STARTING, _INITIALIZING, facts
    waiting = ", ".join(view.node.id for view in views if view.status is None)
    reason = f"{_WAITING}: node {waiting} has not taken it yet"
    return State.STARTING, reason, ((Aspect.SCHEDULED, Status.IN_PROGRESS, reason),)


def _failed(deployment: Deployment, failed: Sequence[View]) -> tuple[State, str, _Facts]:
    reason = _reasons(failed)
    before = {each.aspect: each.status for each in deployment.observed.conditions}
    if before.get(Aspect.INITIALIZED) is Status.TRUE:
        facts = (*_passed(Aspect.INITIALIZED), (Aspect.STARTED, Status.FALSE, f"Failed to run: {reason}"))
    else:
        facts = (*_passed(Aspect.SCHEDULED), (Aspect.INITIALIZED, Status.FALSE, f"Failed to initialize: {reason}"))
    return State.FAILED, reason, facts


def _created() -> tuple[State, str, _Facts]:
    reason = "Deployment was never started; StartDeployment starts it"
    return State.CREATED, reason, ((Aspect.STOPPED, Status.TRUE, _STOPPED),)


def _stopping(holding: Sequence[str]) -> tuple[State, str, _Facts]:
    reason = f"{_STOPPING}: node {', '.join(holding)} still holds it" if holding else _STOPPING
    return (
        State.STOPPING,
        reason,
        ((Aspect.STOPPED, Status.IN_PROGRESS, _STOPPING), (Aspect.SCHEDULED, Status.IN_PROGRESS, _UNSCHEDULING)),
    )


def _unsettled(
    deployment: Deployment, views: Sequence[View], state: State, reason: str, facts: _Facts
) -> tuple[State, str, _Facts]:
    before = deployment.observed
    heard = any(view.status is not None for view in views)
    if deployment.started and before.state is State.RUNNING and (not heard or state is State.FAILED):
        unconfirmed = f"{_CONNECTING}: {UNCONFIRMED}"
        return State.RUNNING, UNCONFIRMED, (*_passed(Aspect.STARTED), (Aspect.READY, Status.IN_PROGRESS, unconfirmed))
    failed = deployment.started and before.state is State.FAILED and not heard
    stopping = not deployment.started and before.state is State.STOPPING and not views
    if failed or stopping:
        return before.state, before.reason, tuple((c.aspect, c.status, c.reason) for c in before.conditions)
    return state, reason, facts


def _is(view: View, progress: Progress) -> bool:
    return view.status is not None and view.status.progress is progress


def _reasons(failed: Sequence[View]) -> str:
    said = {
        view.node.id: (view.status and view.status.reason) or "the node gave no reason; its log may have one"
        for view in failed
    }
    if len(set(said.values())) == 1:
        return f"{next(iter(said.values()))} (node {', '.join(said)})"
    return "; ".join(f"{reason} (node {node})" for node, reason in said.items())


def _passed(last: Aspect) -> _Facts:
    done = list(_DONE)
    return tuple((aspect, Status.TRUE, _DONE[aspect]) for aspect in done[: done.index(last) + 1])


def _conditions(before: Observation, facts: _Facts, now: datetime) -> tuple[Condition, ...]:
    known = {(each.aspect, each.status, each.reason): each.last_transition_time for each in before.conditions}
    return tuple(Condition(*fact, known.get(fact, now)) for fact in facts)
