"""Each planted bug breaks a rule by a few steps, which break none without it."""

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.program import Program, run

STEPS: dict[str, str] = {
    "a time-out is tried again": "begun, keyed: go dispatch-1 99 lose",
    "a known key is a refusal": "begun, brevo: go dispatch-1 99 doubled",
    "what is unknown fails over": "begun, mute/mute: go dispatch-1 99 lose",
    "a redirect is followed": "begun, mute: go dispatch-1 99 redirect",
    "an answer for some is read as one for all": "begun, mute: go dispatch-1 99 partly",
    "an early hint is the answer": (
        "begun, mute: go dispatch-1 99 hints; go dispatch-1 99 configuration; go dispatch-1 99 take"
    ),
    "a stale claim leaves": (
        "begun, mute: go dispatch-1 2 take; reader leave_all 2; wait 100; go dispatch-1 99 take"
    ),
    "records of another account are asked": "begun, asked: go dispatch-1 99 lose",
    "another reader's link": "begun, mute:",
    "claims are not noted outside": (
        "begun, mute: back_up; go dispatch-1 99 take; restore in place 1"
    ),
    "the last commit is lost with the power": "begun, mute: go dispatch-1 6 take; power",
    "the cursor moves at fetch": "begun, mute: go dispatch-1 2 take; crash",
    "suppression is asked at the planning only": "begun, mute: reader leave 2",
    "a hold is not asked": "begun, mute: hold; go dispatch-1 99 take",
    "no fence around putting back": (
        "begun, keyed: go dispatch-1 6 busy; boot; go reconcile 99 take; older 99"
    ),
    "a crash queues what was claimed": "begun, mute: go dispatch-1 6 take; crash",
    "a lease is taken over too early": (
        "begun, mute: go dispatch-1 4 take; wait 20; go dispatch-1 1 take; wait 20; "
        "go look 99 take; go dispatch-2 99 take; go dispatch-1 99 take"
    ),
    "halves overlap": "begun, mute: go dispatch-1 99 split",
    "no fence around what was unknown": (
        "begun, asked: go dispatch-1 99 drop; wait 300; go reconcile 99 take; wait 300; "
        "go reconcile 99 take; wait 300; "
        "go reconcile 3 take; hand resend; go dispatch-1 99 lose; go reconcile 99 take"
    ),
    "replayed to who left": (
        "begun, keyed: go dispatch-1 99 drop; reader leave_all 2; go reconcile 99 take"
    ),
    "replayed at another account": "begun, keyed: go dispatch-1 99 lose; account; boot",
    "decided in mid-replay": (
        "begun, keyed: go dispatch-1 99 drop; go reconcile 3 take; hand resend; "
        "go reconcile 99 take"
    ),
    "an event for one is one for all": "begun, mute: go dispatch-1 99 torn; event delivered",
    "halves forget their tries": (
        "begun, mute: go dispatch-1 99 lose; hand resend; go dispatch-1 99 split; event delivered"
    ),
    "records are believed at once": (
        "begun, asked: go dispatch-1 99 silent; wait 20; go reconcile 99 take"
    ),
    "a key is believed for ever": (
        "begun, keyed: go dispatch-1 99 lose; wait 700; go reconcile 99 take"
    ),
    "an inquiry names the addresses of today": (
        "begun, asked: go dispatch-1 99 lose; reader move 2; wait 300; go reconcile 99 take; "
        "wait 300; go reconcile 99 take"
    ),
    "an erased reader counts as absent": (
        "begun, asked: go dispatch-1 99 torn; reader erase 1; wait 300; go reconcile 99 take; "
        "wait 300; go reconcile 99 take"
    ),
    "an early look-up counts": (
        "begun, asked: go dispatch-1 99 silent; wait 20; go reconcile 99 take; wait 700; "
        "go reconcile 99 stale"
    ),
    "no fence when an event confirms": (
        "begun, asked: go dispatch-1 99 torn; wait 300; go reconcile 3 take; event delivered; "
        "go reconcile 99 take"
    ),
    "a bounce ends whichever address": (
        "correction, mute: go dispatch-1 99 take; reader move 1; event bounced"
    ),
    "all is at the first account": (
        "begun, mute/asked: go dispatch-1 99 configuration; go dispatch-1 99 lose"
    ),
    "a database may lack one claim": (
        "begun, mute: back_up; go dispatch-1 99 take; restore in place 1"
    ),
    "what leaves is not committed to last": "begun, mute: go dispatch-1 6 take; power",
    "a translation's writer may approve": "together, mute: go look 99 take; approve flo",
    "a draft may go out in a mail": "together, mute: draft writer 1; go look 99 take; approve ed",
    "a digest has no writers": "digest, mute: gather; go look 99 take; approve writer 1",
    "a page forgets the time that it showed": (
        "office, mute: go look 99 take; schedule sam; read ed; hurry sam; approve ed; wait 100; "
        "go look 99 take"
    ),
    "cancelling takes what is under way": (
        "begun, mute: go dispatch-1 5 take; hand cancel; go dispatch-1 99 take"
    ),
    "cancelling forgets the queue": "begun, mute: hand cancel",
    "what is reopened forgets who has it": (
        "begun, mute: go dispatch-1 99 take; hand cancel; hand reopen; go dispatch-1 99 take"
    ),
    "a correction goes to half of them": "correction, mute: go dispatch-1 99 take",
    "a translation goes to who had the original": "family, mute:",
    "a segment is not asked": "segment, mute:",
    "an hour that comes twice counts twice": "hours, mute:",
    "the rate is not kept": "paced, mute: go dispatch-1 99 take",
    "a pause is not kept": "begun, mute: reader pause 2",
    "a file brings back who left": "plain, mute: reader unsubscribe 2; import 1",
    "an undone import leaves subscriptions": "plain, mute: import 1; undo import",
    "a session outlives its end": "begun, mute: staff joins; staff signs out",
    "a used link works again": "begun, mute: reader join; go post 99 take; reader confirm",
    "each spelling gets an email": "begun, mute: reader join 3; go post 99 take; go post 99 take",
    "readers let themselves in": "begun, mute: reader sneak 1",
    "a revoked approval counts": (
        "office, mute: go look 99 take; approve ed; revoke ed; go look 99 take"
    ),
    "a letter is posted again after a crash": "begun, mute: reader join; go post 6 take; crash",
    "an erased address stays": "begun, mute: reader erase 2",
    "a complaint counts as a bounce": (
        "begun, mute: go dispatch-1 99 take; event complained; reader lift 1"
    ),
    "half of a correction asks the lists": (
        "correction, mute: go dispatch-1 99 take; go look 99 take; reader unsubscribe 2; "
        "go dispatch-1 99 split"
    ),
    "a confirmation is not proved": "begun, mute: reader join; go post 99 take; reader confirm",
    "a start waits for no change": (
        "throng, mute: go look 99 take; plan sam; reader scatter 1; wait 400; go look 99 take"
    ),
    "erased bytes are not overwritten": "begun, mute: go look 99 take; reader erase 2",
    "a line of the audit log is lost": "begun, mute: hand cancel; hold",
    "words of consent are not kept": ("begun, mute: reader join; go post 99 take; reader confirm"),
    "a feed hides a withdrawal": (
        "begun, mute: go dispatch-1 99 take; chore note 1; staff look 12"
    ),
    "a reason that repeats a note takes nothing off the web": (
        "begun, mute: go dispatch-1 99 take; chore note; chore note 1"
    ),
    "a change of state is only logged": "begun, mute: hand pause",
    "a decision is only logged": "begun, mute: go dispatch-1 99 lose; hand give up",
    "a time is not set": "office, mute: go look 99 take; schedule sam",
    "an approval is only logged": "office, mute: go look 99 take; approve ed",
    "a comment is not kept": "office, mute: go look 99 take; comment ed",
    "a text is not sent back": "office, mute: go look 99 take; send back ed",
    "a name is not kept": "begun, mute: reader rename 2",
    "what is lifted stays": "begun, mute: reader suppress 2; reader lift 2",
    "a role is not given": "begun, mute: staff joins; staff role",
    "a sign-in is not kept": "begun, mute: staff joins; staff signs in",
    "a password is not changed": "begun, mute: staff joins; wait 5; staff new password",
    "a stop is not kept": "begun, mute: hold",
    "what is refused is kept": "office, mute: go look 99 take; approve ed; approve flo; undo ed",
    "a text that is sent back ends all approvals": (
        "strict, mute: go look 99 take; approve flo; send back ada"
    ),
    "approvals outlive a text that was taken back": (
        "desk, mute: hand in writer 1; go look 99 take; approve ed 1; take back writer 1; "
        "hand in ed 1; go look 99 take; go look 99 take"
    ),
    "a report is mailed by each press": (
        "begun, mute: go dispatch-1 99 take; hand report; go post 99 take; go post 99 take"
    ),
    "a channel is told again": (
        "office, mute: go look 99 take; comment ed; go look 99 take; wait 100; go look 99 take; "
        "wait 100; go look 99 take; wait 700; go look 99 take"
    ),
    "a test mail does not leave": "office, mute: go look 99 take; test ed",
    "a picture is not kept": "begun, mute: chore write 7",
    "a digest is not kept": "digest, mute: gather",
    "what is resumed begins at once": (
        "careful, mute: go look 99 take; approve ed; start sam; go look 99 take; hand pause; "
        "hand resume; go dispatch-1 99 take"
    ),
    "who leaves everything keeps a request": "begun, mute: reader sneak 1; reader leave_all 1",
    "approvers replace approvals": "office, mute: go look 99 take; override ed 0 command",
    "nothing says why a reader was left out": "begun, mute: reader leave 2; go dispatch-1 99 take",
}
"""For each bug a kind of workspace, the traits of its provider, and steps.

A worker goes on over some points: a dispatch has claimed at 2, calls at 4, is answered at 6.
"""


def test_there_are_steps_for_each_of_them() -> None:
    assert STEPS.keys() == BUGS.keys()


@pytest.mark.parametrize("name", STEPS)
def test_a_planted_bug_breaks_a_rule(name: str) -> None:
    given = Program.read(STEPS[name])
    with_it, without = run(given, BUGS[name]), run(given)
    assert without.violation is None, "\n".join(without.trace)
    assert with_it.violation is not None, "\n".join(with_it.trace)
