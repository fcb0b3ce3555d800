"""What words mean on the telephone, as a few classes: the same thing said with another word. Pure.

"Rayez mes coordonnées" and "virez mon 06 de votre fichier" share no word, yet each says: remove,
my, data. A learner that sees the classes beside the words has only to have met the composition.
"""

from functools import lru_cache

# Class -> beginnings of words, without accents; a whole word ends with a dot.
_CLASSES = {
    "CONTACT": (
        "appel. appels. appele appell appela appelez appeler rappel telephon tel. phone. contact "
        "joindre. joign recontact demarch sollicit solicit relanc prospect canvass fil. fils. "
        "sonn decroch harcel spam publicit pub. pubs. prospectus. demarchage sms. texto mailing "
        "standard. insist derang importun embet emmerd enquiquin ennuy communiqu communication. "
        "message. messages. courrier. joint. joints. bigoph biniou. coup. coups. tph."
    ),
    "DATA": (
        "numero. numeros. donnee. donnees. coordonnee fichier. fichiers. liste. listes. listing "
        "base. bases. registre repertoire annuaire fiche. fiches. nom. noms. information. "
        "informations. infos. info. portable. fixe. ligne. 06. 07. zero. adresse. identite. "
        "profil. dossier. dossiers. tablette. tablettes. carnet. logiciel systeme. bdd. crm. "
        "contacts. papier. papiers. existence. trace. traces. memoire. classeur. agenda. tablo. "
        "tableau. archive. archives. serveur. disque. machine."
    ),
    "PEACE": (
        "paix. tranquil tranquill peinard repos. calme. quietude serenite vivre. respirer. "
        "souffler. oubliez. oublie. oublier. lach lacher. foutez. foutre. fichez. ficher. fiche."
    ),
    "STOP": (
        "arret stop. stopp cess fini. finie. finis. finir. finiss fin. termin basta. assez. "
        "suffit. suffi suffir interromp abandon renonc laissez. laisse. laisser. raccroch halte. "
        "terminus. point. plusieurs."
    ),
    "REMOVE": (
        "supprim suprim effac retir enlev ray. raye rayer rayez rayes radi desinscri desabon "
        "desabonn elimin detrui barre. barrer. barrez. barres. virez. virer. vire. vires. purg "
        "gomm sors. sort. sortir. sortez. ote. otez. oter. exclu exclure. ecart jeter. jetez. "
        "jette. poubelle. brul dechir disparai bloqu blacklist. noire. rouge. nettoy vid vider. "
        "resili revoqu annul cloturer clotur ferm dereferenc desactiv"
    ),
    "LAW": (
        "cnil. rgpd. bloctel. dgccrf. loi. lois. legal legale. illegal legislation droit. droits. "
        "plainte. plaintes. porter. avocat tribunal tribunaux justice. police. gendarm signal "
        "denonc amende. amendes. condamn sanction poursui proces. interdi interdit oppos "
        "opposition. consent autoris permission. accord. refus reglement reglementation 33700. "
        "juridique judiciaire demeure. prive. privee. intrusion. viol"
    ),
    "FED_UP": (
        "marre. ras. bol. dos. saoul soul soule. gonfl fatigu lass agac enerv chiant chier. casse. "
        "cassez. pied. pieds. couilles. noix. bonbons. insupportabl penibl inadmissibl abus "
        "honteu excede lourd lourdingu gave. gaves. relou."
    ),
    "GO": (
        "degag cassez. barrez. tirez. ouste. oust. balai. vent. diable. ailleurs. camp. cuire. "
        "gueule. dehors."
    ),
    "NEVER": "jamais. plus. pu. dernier derniere definitiv definitivement. toujours. vie. futur",
    "NOT": "pas. aucun aucune. rien. ni. sans. non. guere. point.",
    "ME": "me. m. moi. nous. mon. ma. mes. notre. nos. j. je. on.",
    "YOU": "vous. votre. vos. tu. te. t. ton. tes. toi.",
    "LATER": (
        "tard. demain. lundi. mardi. mercredi. jeudi. vendredi. samedi. dimanche. semaine. mois. "
        "soir. soiree. matin. midi. heure. heures. minutes. prochain prochaine. instant. moment. "
        "maintenant. aujourd. tot. apres. avant. plutot. week. retentez. reessay ulterieur "
        "rentree. vacances. quand. creneau. joignable. libre. dispo disponible."
    ),
    "WISH": (
        "veux. veut. voudrais. voulons. voulez. voudrait. souhait demand desir exig aimerai "
        "prefer pri. prie. merci. somme. ordonn faut. faudrait. faudra. devez. devriez. "
        "pouvez. pourriez. peux. priere. veuillez. voulais. compte. tiens. intention."
    ),
    "PERSON": (
        "humain conseill responsabl superieur collegu operat commercial interlocut directeur "
        "directrice manager chef. cheffe. patron. employe. technicien. specialist expert agent. "
        "vrai. vraie. quelqu. etre. personne. standardist"
    ),
    "ROBOT": "robot machin automat ordinateur. ia. artificiel repondeur. enregistrement. bot.",
    "TALK": (
        "parl discut echang caus dialogu convers entretien. passez. passe. passer. transfer "
        "bascul relation. redirig orient"
    ),
    "REPEAT": "repet redit redis redites reformul entend. entendu. entends. compris. comprends. "
    "articul coup. coupe. coupez. haché. hache. lentement. fort. vite. saisi. capte. fois. encore. "
    "ligne. reseau. gresill bruit. son. pardon. comment.",
    "KIN": (
        "mari. femme. epou conjoint compagn fils. fille. mere. pere. maman. papa. frere. soeur. "
        "parents. enfants. voisin colocatair locatair secretair assistant. assistante. neveu. "
        "niece. oncle. tante. cousin belle. beau. gendre. patron. tuteur. tutrice. aidant"
    ),
    "GONE": (
        "decede mort. morte. demenag parti. partie. habite. habitait. quitte. disparu. defunt "
        "trompe. trompez. erreur. faux. mauvais. mauvaise. connais. inconnu. change. attribu"
    ),
    "MONEY": (
        "prix. cher. chere. cout coute. tarif euros. euro. argent. payer. paie. paye. payant. "
        "gratuit. frais. budget. moyens. salaire. sous. fric. taux. cout. facture. onereu"
    ),
    "MISTRUST": (
        "arnaqu escro voleur vol. vole. mefi confianc pigeon louche. douteu mensong ment. menteu "
        "entourloup piege bidon. baratin charlatan fiabl serieu garanti risqu"
    ),
    "TIME": "temps. minute. seconde. occupe. presse. reunion. travail. boulot. conduis. volant. "
    "route. table. deborde. debordee. mange. cuisine.",
    "THINK": "reflech reflexion. penser. pense. pens hesit sais. savoir. voir. verrai. decid "
    "peut. etre. depend. doute.",
    "LIKE": "interess interet. besoin. envie. utile. tente. plait. convien convient. va. arrange.",
    "HAVE": "deja. ai. avons. a. possede. chez. actuel satisfait content contente. fidele. equipe.",
    "YES": "oui. ok. accord. volontiers. exact. exactement. absolument. bien. sur. effectivement. "
    "tout. fait. parfait. allez. vas. carrement. evidemment. si.",
    "ASK": "combien. comment. pourquoi. qui. quel quelle. quels. quelles. ou. quoi. qu. est. "
    "quand. lequel. laquelle.",
}  # fmt: skip


def _table() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    whole: dict[str, list[str]] = {}
    begun: dict[str, list[str]] = {}
    for name, words in _CLASSES.items():
        for word in words.split():
            into = whole if word.endswith(".") else begun
            into.setdefault(word.rstrip("."), []).append(name)
    return (
        {word: tuple(names) for word, names in whole.items()},
        {word: tuple(names) for word, names in begun.items()},
    )


_WHOLE, _BEGUN = _table()
_SHORTEST = min(map(len, _BEGUN))


@lru_cache(maxsize=8192)
def of(word: str) -> tuple[str, ...]:
    """Classes of a word of a `spoken` text; none for most words."""
    found = list(_WHOLE.get(word, ()))
    for end in range(len(word), _SHORTEST - 1, -1):
        names = _BEGUN.get(word[:end])
        if names is not None:
            found += [name for name in names if name not in found]
            break
    return tuple(found)


def compositions(words: list[str], reach: int = 5) -> dict[str, int]:
    """Classes, alone and with those that follow within `reach` words: each with the place of its
    first word."""
    placed = [(place, name) for place, word in enumerate(words) for name in of(word)]
    found: dict[str, int] = {}
    for at, (place, name) in enumerate(placed):
        found.setdefault(name, place)
        for other, follower in placed[at + 1 :]:
            if other - place > reach:
                break
            if other > place:
                found.setdefault(f"{name} {follower}", place)
    return found
