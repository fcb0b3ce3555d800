"""Is what is sold something nobody may be cold-called about?

Works, equipment and services for homes towards energy saving, renewable energy, or adaptation to
age or handicap: consumers only within a contract in force (art. L. 223-1 al. 5 code de la
consommation). Personal training accounts (CPF): holders only within an action in progress (art.
L. 6323-8-1 code du travail, loi n° 2022-1587 du 19 décembre 2022). Selling electricity or gas is
neither: the shipped theme `energie` is about supply and says so.
"""

from agentd.campaign.gates.case import ANY_THEME, Case, Finding, Refusal
from agentd.campaign.gates.places import fold

HOUSING = "code de la consommation art. L. 223-1 al. 5"
TRAINING = "code du travail art. L. 6323-8-1"

_HOUSING = (
    "renovation", "isolation", "photovolt", "solaire", "pompe_a_chaleur", "chaudiere", "eolien",
    "economie_d_energie", "economies_d_energie", "economie_energie", "economies_energie",
    "energie_renouvelable", "energies_renouvelables", "adaptation", "handicap", "vieillissement",
    "monte_escalier", "douche_senior", "maprimerenov", "maprimeadapt", "bilan_energetique",
    "audit_energetique", "chauffage", "fenetres", "home_improvement", "heat_pump", "insulation",
)  # fmt: skip
_TRAINING = ("cpf", "compte_formation", "compte_personnel_de_formation")


def examine(case: Case) -> Finding:
    """Refuse a banned sector without a contract in force about it."""
    sold = [fold(case.campaign.theme), fold(case.campaign.sector)]
    article = _banned(sold)
    seen = {"theme": case.campaign.theme, "sector": case.campaign.sector, "banned": bool(article)}
    if not article or (case.business and article == HOUSING):
        return Finding((), seen)
    contract = next(
        (
            c
            for c in case.consents
            if c.basis == "contract"
            and c.theme != ANY_THEME
            and c.in_force(case.now)
            and fold(c.theme) in sold
        ),
        None,
    )
    if contract is not None:
        return Finding((), seen | {"contract": contract.id})
    reason = "cold calling is banned in this sector without a contract in force about it"
    return Finding((Refusal("sector", article, reason),), seen)


def _banned(sold: list[str]) -> str:
    if any(word in name for name in sold for word in _HOUSING):
        return HOUSING
    if any(word in name for name in sold for word in _TRAINING):
        return TRAINING
    return ""
