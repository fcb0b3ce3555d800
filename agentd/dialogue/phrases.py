"""The engine's own fixed sentences, in one place so that they can be rendered beforehand.

Recording key of a phrase: `phrases/<id>`, or `phrases/<profile>/<id>` where the scenario's profile
words it otherwise (`personalities.py`). None of them has a `{column}`, a gender or a promise. What
names a moment cannot be recorded beforehand: its key is `live/<id>`, and it is synthesised.
"""

from agentd.dialogue.actions import Clip
from agentd.dialogue.personalities import personality

# Keys of what is said live: it has no recording.
LIVE = "live/"

_PHRASES = {
    # Said after the disclosure when the call is recorded and the scenario has no notice of its own.
    "recording": "Cet appel est enregistré, vous pouvez vous y opposer.",
    "recording_stopped": "C'est noté, l'enregistrement est arrêté et effacé.",
    # Before a question asked again.
    "still_there": "Vous êtes toujours là ?",
    "hear_badly": "Excusez-moi, je vous entends mal.",
    "not_understood": "Excusez-moi, je n'ai pas bien compris.",
    "no_answer_known": "Je n'ai pas cette réponse, un conseiller pourra vous la donner.",
    # While the language model is at work.
    "filler_question": "C'est une bonne question.",
    "filler_so": "Alors, voyons.",
    "filler_objection": "Je comprends.",
    "no_human": "Je suis un assistant vocal, je ne peux pas vous passer quelqu'un maintenant.",
    # When another agentd takes over a live call.
    "resumed": "Excusez-moi, un petit problème technique.",
    "transfer": "Je vous mets en relation avec un conseiller, ne quittez pas.",
    "transfer_failed": "Excusez-moi, aucun conseiller n'est disponible pour le moment.",
    # What may have been an opt-out; a question whose yes is a yes.
    "optout_confirm": "Voulez-vous que je retire votre numéro de notre liste d'appels ?",
    "callback_when": "Bien sûr. Quand puis-je vous rappeler ?",
    # Before the scenario's Bye.
    "understood": "Très bien, je comprends.",
    "no_longer": "Je ne vous retiens pas plus longtemps.",
    # Goodbyes.
    "bye": "Bonne journée, au revoir.",
    "bye_no_answer": "Je ne vous entends pas. Je vous souhaite une bonne journée, au revoir.",
    "bye_optout": "Je vous prie de m'excuser. C'est noté, votre numéro est retiré de notre liste "
    "et nous ne vous rappellerons plus. Au revoir.",
    "bye_wrong_person": "Excusez-moi pour cette erreur. Bonne journée, au revoir.",
    "bye_callback": "C'est noté, nous vous rappellerons à ce moment-là. Bonne journée, au revoir.",
    "bye_technical": "Excusez-moi, un problème technique m'oblige à vous quitter. Au revoir.",
    "bye_drain": "Excusez-moi, je dois mettre fin à cet appel. Bonne journée, au revoir.",
}


# Said live, `{moment}` filled in ("demain vers dix heures").
_LIVE = {
    "callback_at": "Parfait, je vous rappelle {moment}.",
    "appointment_at": "C'est noté, {moment}.",
    "moment_confirm": "Vous voulez dire {moment}, c'est bien cela ?",
}


def all_phrases(profile: str = "") -> dict[str, str]:
    """Every fixed sentence by its recording key, those that a profile words otherwise included."""
    own = personality(profile)
    texts = {f"phrases/{name}": text for name, text in _PHRASES.items()}
    return texts | {
        f"phrases/{own.slug}/{name}": text
        for name, text in own.phrases.items()
        if name not in _LIVE
    }


def phrase(name: str, profile: str = "") -> Clip:
    """The clip of phrase `name` as a profile says it.

    An unknown name is a bug of ours and raises KeyError.
    """
    own = personality(profile)
    if name in own.phrases:
        return Clip(f"phrases/{own.slug}/{name}", own.phrases[name])
    return Clip(f"phrases/{name}", _PHRASES[name])


def acknowledgement(number: int, profile: str) -> Clip | None:
    """A word that shows a yes was heard, before the next question; None without a profile."""
    name = f"ack_{number % 2 + 1}"
    return phrase(name, profile) if name in personality(profile).phrases else None


def live(name: str, moment: str, profile: str = "") -> Clip:
    """A sentence that names a moment; `moment` as `said_times.aloud` puts it."""
    text = personality(profile).phrases.get(name, _LIVE[name])
    return Clip(f"{LIVE}{name}", text.replace("{moment}", moment))
