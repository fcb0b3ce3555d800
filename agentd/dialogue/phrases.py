"""The engine's own fixed sentences, in one place so that they can be rendered beforehand.

Recording key of a phrase: `phrases/<id>`. None of them has a `{column}`, a gender or a promise.
"""

from agentd.dialogue.actions import Clip

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
    "callback_when": "Bien sûr. Quand puis-je vous rappeler ?",
    # Before the scenario's Bye.
    "understood": "Très bien, je comprends.",
    "no_longer": "Je ne vous retiens pas plus longtemps.",
    # Goodbyes.
    "bye_no_answer": "Je ne vous entends pas. Je vous souhaite une bonne journée, au revoir.",
    "bye_optout": "Je vous prie de m'excuser. C'est noté, votre numéro est retiré de notre liste "
    "et nous ne vous rappellerons plus. Au revoir.",
    "bye_wrong_person": "Excusez-moi pour cette erreur. Bonne journée, au revoir.",
    "bye_callback": "C'est noté, nous vous rappellerons à ce moment-là. Bonne journée, au revoir.",
    "bye_technical": "Excusez-moi, un problème technique m'oblige à vous quitter. Au revoir.",
    "bye_drain": "Excusez-moi, je dois mettre fin à cet appel. Bonne journée, au revoir.",
}


def all_phrases() -> dict[str, str]:
    """Every fixed sentence by its recording key, `phrases/<id>`."""
    return {f"phrases/{name}": text for name, text in _PHRASES.items()}


def phrase(name: str) -> Clip:
    """The clip of phrase `name`; an unknown name is a bug of ours and raises KeyError."""
    return Clip(f"phrases/{name}", _PHRASES[name])
