"""Rules about the contact itself: stop calling, wrong person, a human please, call later."""

import re

from agentd.dialogue.lexicon import (
    AGENT,
    BOTHER,
    CALL,
    CALLS,
    FIRST_NAME,
    KIN,
    MACHINE,
    MY,
    NOT_NOW,
    NOW,
    NUMBER,
    PLUS,
    TIME,
    WISH,
    near,
    rx,
    whole,
)

# ---------------------------------------------------------------- optout
ASKED = (
    r"(?:r?app?el(?:l?ez|l?er|iez|l?es?|l?ent|ions)|(?:re)?(?:telephon|contact|sollicit)(?:ez|er|"
    r"iez|es?))"
)
_RECORD = (
    r"(?:donnees|coordonnees|numeros?|noms?|contact|fiches?|fichiers?|listes?|listings?|bases?|"
    r"infos|informations|telephone|registres?|annuaires?|repertoires?|portable|ligne|tablettes|"
    r"papiers|logiciels?|systemes?|carnets?|bdd|06|07|existence)"
)
_ERASE = (
    r"(?:supprim\w*|effac\w*|retir\w*|enlev\w*|ray(?:ez|er|es?|ee)|raye|radi(?:ez|er|es?|ee)|"
    r"(?<!vous )sort(?:ez|ir|i|ie)|otez|oter|ote|desinscri\w*|desabonn\w*|elimin\w*|detrui\w*|"
    r"barr(?:ez|er|e)|vir(?:ez|er|e)|purg\w*|oubli(?:ez|er|e)|perd(?:ez|re|s)|jet(?:ez|er|te|"
    r"tez)|brul(?:ez|er)|bloqu(?:ez|er|e)|dechir(?:ez|er)|ecart(?:ez|er)|exclu\w*|gomm\w*|sors|"
    r"raie)"
)
_CALLED = (
    r"(?<!\bje vous )(?:(?:m |nous |vous )?r?appel(?:e[rz]?|iez|lent|le)|telephon(?:ez|er|e)|"
    r"vos appels|ces appels|les appels|tes appels|coups? de (?:fil|tel)\w*|vos demarchages?)"
)
OPTOUT = rx(
    # an end to it
    near(
        r"(?:(?:c est|est) fini|(?<!\bai )(?<!\baura )(?<!\baurai )(?<!\bavez )terminee?s?|basta|"
        r"derniere fois|plus jamais|halte|(?:peux|peut|pouvons) plus(?! (?:vous |te )?"
        r"(?:parl|discut|rest|continu|attend|repond|entend)\w*)|gonfl\w+|saoul\w+|soul\w+|"
        r"emmerd\w+|chier|chiant\w*)",
        _CALLED,
        4,
    ),
    r"(?:c est|soit|etait|sera) la (?:toute )?derniere fois(?! que j)|"
    r"^(?:\w+ )?plus jamais(?: s il vous plait| ici| chez (?:moi|nous))?$",
    rf"(?:(?:ca|cela) fait|c est) (?:\w+ )?(?:la |pas la premiere|deja |au moins )*(?:{NUMBER}|"
    rf"\w+iemes?|premiere) fois(?! (?:que (?:je|j|on)(?! (?:vous|te|t))|"
    rf"qu on(?! vous)))(?<!\bc est la premiere fois)(?<!\bune fois)(?<!\bla une fois)",
    rf"(?:vous|tu) (?:\w+ ){{0,2}}?(?:me|m|nous) (?:avez )?(?!derang){BOTHER}(?:ez|er|es|e)",
    r"(?:vos|tes) (?:appels|coups? de (?:fil|tel)\w*|harcelements?)(?! (?:sont|est) enregistre)|"
    r"m oublier|nous oublier|entend\w* (?:plus |jamais )?parler de vous",
    rf"(?:cherch|essay|tent)\w* (?:plus|pas|jamais) (?:a|de|d) (?:(?:me |m |nous )?{CALL}|(?:me|"
    rf"nous) joindre){NOT_NOW}|pas fini d\w* (?:me |m |nous )?(?:{CALL}|{BOTHER}er)",
    rf"(?:plus|pas|jamais|aucune?) (?:\w+ ){{0,3}}?(?:vos|tes) nouvelles|{BOTHER}(?:er|"
    rf"ez) (?:\w+ )?(?:les gens|le monde|les personnes)",
    r"commence\w* a (?:bien faire|faire beaucoup|suffire|me courir)|^(?:allez |ouste |"
    r"bon )?du (?:balai|vent)$",
    r"(?<!vous )(?<!que vous )(?<!si vous )arretez(?! (?:de|d|votre|vos|les|le|la|des|un|une|en|"
    r"vous|sur|moi si|a (?!la fin)|j|je (?:vais|vous entends|comprends|sais|suis))\b)",
    r"(?:supprim|effac|detrui)\w* (?:\w+ ){0,2}?(?:mon|ma) (?:dossier|profil|compte client|"
    r"fiche)|(?:faire|fais|ferai) un signalement|prochaine fois (?:\w+ ){0,3}?(?:police|plainte|"
    r"avocat|cnil|gendarm\w+)",
    r"voir ailleurs|laissez (?:moi|nous)(?: tous)?(?: vivre| respirer)?$|laiss\w+ (?:moi|"
    r"nous) (?:vivre|respirer)",
    r"(?:demande|dis|dit|demander|prie|supplie|ordonne) (?:de |d )arreter|(?:vous|t) (?:ai|a|"
    r"avons) (?:pas|rien|jamais)(?: rien)? demande",
    # negated calls: "m appelez plus", "rappelez moi jamais", "qu on me derange plus"
    rf"(?<!\bje m )(?<!\bje me )(?<!\bm en )(?<!\bs )(?<!\bje vous )r?app?ell?(?:ez|er|iez|"
    rf"ions)(?: (?:moi|nous))? (?:{PLUS}|jamais|pu(?! \w))",
    rf"(?:(?:re)?(?:telephon|contact)|sollicit|relanc|demarch|harcel|prospect)(?:ez|er|iez|"
    rf"ions)(?: (?:moi|nous))? (?:{PLUS}|jamais|pu(?! \w))",
    rf"(?:^|qu on |que (?:tu|quelqu un|l on|l ) |tu |non |merci |et |oui |bon |"
    rf"surtout )(?:surtout )?(?:me |m |nous |l |les )?(?:{CALL}|"
    rf"{BOTHER}es?)(?<!\ber)(?<!\bez) (?:{PLUS}|jamais)",
    rf"{BOTHER}(?:ez|iez|es)(?: (?:moi|nous))? (?:{PLUS}|jamais)",
    rf"(?:qu on|que (?:vous|tu)|qu il) (?:me|m|nous) {BOTHER}\w* (?:{PLUS}|pas|jamais)",
    rf"(?<!\bai )(?<!\bavez )(?<!\bavons )(?:plus|jamais) (?:plus |jamais |du tout |a )?(?"
    rf":me |m |nous |lui |l |les |se faire |"
    rf"etre |avoir (?:a etre )?)*(?:{CALL}|{BOTHER}(?:er|"
    rf"ee?s?))(?<!\bappels)(?<!\bappel)(?<!\bcontact)",
    r"plus jamais (?:ca|vous)$",
    # "je veux plus d appels", "je souhaite pas recevoir d appels", "plus d appels merci"
    rf"(?:plus|pas|jamais|aucune?s?|zero) (?:\w+ ){{0,3}}?(?:recevoir|avoir|"
    rf"prendre) (?:\w+ ){{0,4}}?(?:{CALLS}|publicites?|pubs?|prospection|sms|messages?)",
    rf"(?<!\ba )(?<!\bai )(?<!\bavez )(?:plus|pas) (?:de |d )(?:{CALLS}|prospection|publicite|pub)",
    rf"aucune? {CALLS}",
    # wishes about being called, seen from any person
    rf"{WISH} (?:pas|plus|jamais|aucunement)(?: du tout| jamais)? (?:\w+ ){{0,3}}?(?:etre|"
    rf"me faire|nous faire) (?:\w+ ){{0,1}}?(?:{CALL}|{BOTHER}\w*){NOT_NOW}",
    rf"{WISH} (?:pas|plus|jamais)(?: du tout| jamais)? (?:qu on|que (?:vous|tu|quelqu un|"
    rf"l on)) (?:\w+ ){{0,2}}?(?:{CALL}|{BOTHER}\w*){NOT_NOW}",
    rf"{WISH} (?:\w+ ){{0,3}}?(?:plus|pas|jamais) (?:vous |t |te |les |"
    rf"l )?(?:entendre(?! parler(?! de vous))|avoir affaire|avoir de nouvelles|parler avec vous|"
    rf"vous parler|discuter avec vous)",
    r"entendre (?:plus )?parler de vous",
    r"(?:vous|t) entende (?:plus|pas)",
    r"(?:repond\w+|decroch\w+) (?:plus|jamais)(?: jamais)? a (?:vos|votre|ce)",
    # stop it
    rf"(?:(?<!\bsans )arret\w*|cess\w*|stopp\w*|finir|finissez) (?:\w+ ){{0,4}}?(?:{CALL}|"
    rf"{BOTHER}(?:er|ez)|"
    rf"coups? de (?:fil|tel)\w*)",
    rf"(?:evit\w*|abstenir|abstene\w*) (?:\w+ ){{0,4}}?(?:{CALL}|{BOTHER}(?:er|ez)){NOT_NOW}",
    r"(?:arretez|que vous arretiez)$",
    r"(?<!\bai )(?<!\bs )(?<!\ba )(?:arretez|arrete|cessez) (?:ca|cela|maintenant|tout|"
    r"immediatement|s il|la$|avec (?:ca|vos|votre|ces))",
    r"(?:allez|vas|pouvez|voulez|faut|faudrait|faudra|merci d|priere d|"
    r"vais vous demander d) arreter(?: maintenant| tout de suite| ca| oui| s il)?$",
    r"stop(?! loss)",
    rf"fin (?:a|aux|des?) (?:vos |ces |ce )?{CALLS}",
    r"^(?:\w+ ){0,3}ca suffit(?! (?:pas|pour|a|largement|amplement|deja))|(?:maintenant|stop|bon|"
    r"allez|ecoutez|la) ca suffit|ca suffit (?:maintenant|comme ca|les appels|vos|arretez|stop)",
    # be gone
    r"(?:fou\w+|fich\w+) (?:\w+ ){0,2}?(?:la paix|le camp)",
    r"(?:avoir|veux|voudrais|donnez moi|laissez moi|demande) (?:que )?(?:la paix|ma tranquillite)",
    r"laiss\w+ (?:\w+ ){0,3}?(?:tranquill\w*|en paix|peinard\w*)",
    r"(?:me|nous|m|moi) laiss\w+ (?:\w+ ){0,2}?(?:tranquill\w*|en paix|peinard\w*)",
    r"lach\w+ (?:moi|nous|l affaire|la grappe|les baskets)",
    r"(?:me|nous) lach\w+",
    r"(?:allez|va|aller) (?:tous )?(?:vous |te )?(?:faire )(?:foutre|voir|cuire|enculer|mettre|"
    r"pendre)",
    r"(?:allez|va) (?:vous )?(?:au diable|vous faire|te faire|chier|en enfer)",
    r"(?:oust|ouste|cassez vous|casse toi|barrez vous|tirez vous|tire toi)|(?:degagez|"
    r"degage)(?= (?:de la|d ici|maintenant|vite|va|merci)|$)",
    r"(?:me|nous) (?:faites|fais|fait|font) chier",
    r"(?:me|m|nous) (?:cass\w+|bris\w+|pet\w+) les \w+",
    r"(?:vous|tu) (?:me|m|nous) (?:avez |as )?(?:emmerd\w*|enmerd\w*|saoul\w*|soul\w*|gonfl\w*|"
    r"harcel\w*|embetez|enquiquinez|faites suer)",
    r"harcel\w*",
    r"(?:ferme|fermez) (?:la|ta|votre)\b(?= ?(?:gueule|bouche|bec)?$)|ta gueule|vos gueules",
    r"(?:oubliez|oublie|oublier) (?:moi|nous|mon|notre|ce numero|cette adresse|mes|le numero|"
    r"jusqu a)",
    # erase me
    r"desinscri\w*|desabonn\w*|croix sur (?:moi|mon|notre)|oubli\w* que (?:j|je|nous|on) exist\w*",
    r"(?:supprim|effac|detrui|enlev|jet)\w* (?:\w+ ){0,2}?(?:tout ce que vous avez|"
    r"tout ce qui me concerne|tout ce qui est a mon nom)",
    rf"(?<!\bvous )(?:utilis|gard|conserv|compos|revend|stock|transmett|communiqu)ez (?:pas|plus|"
    rf"jamais) (?:\w+ )?(?:mon|mes|ce|notre|nos|ces) (?:\w+ )?{_RECORD}",
    rf"(?:plus|jamais|pas) (?:etre |a |de |d |le droit d )?(?:avoir|utilis\w+|garder|"
    rf"conserver|posseder|composer|"
    rf"figurer) (?:\w+ ){{0,2}}?(?:mon|mes|ce|notre) {_RECORD}|(?:mon|mes|ce|"
    rf"notre) {_RECORD} (?:\w+ ){{0,3}}?(?:plus|pas|jamais) (?:\w+ )?(?:utilis|compos|appel|"
    rf"conserv|gard)\w*",
    rf"(?:plus|pas|aucune?|jamais)(?: rien)? (?:\w+ )?recevoir (?:\w+ ){{0,5}}?(?:de vous|"
    rf"de votre part|vos|votre|{CALLS})|plus rien (?:recevoir|savoir)",
    rf"{_ERASE} (?:\w+ ){{0,4}}?(?:{MY}|vos|votre|de|des|d|leurs?) (?:\w+ )?{_RECORD}(?: |"
    rf"$)(?!de frais)",
    r"(?:supprim|effac|retir|enlev|desinscri|desabonn|ray|radi|ote|sort|vir|raye|exclu)(?:ez|e|"
    r"iv\w+|er|ir|s|vez)? (?:moi|nous)(?= (?:de|d|des|du|tout|immediatement|maintenant|"
    r"definitivement|la|ca|merci|vite|s)\b|$)",
    r"(?:me|m|nous) (?:supprim|effac|retir|enlev|desinscri|desabonn|ray|radi|ote|raye|"
    r"sort)\w+(?= (?:de|d|des|du|tout|definitivement|immediatement|s)\b|$)",
    rf"(?:etre|sois|soit|soient) (?:\w+ ){{0,2}}?(?:supprimee?s?|effacee?s?|retiree?|enlevee?|"
    rf"rayee?|radiee?|sortie?)(?: (?:de|d|des|du) (?:\w+ ){0, 2}?{_RECORD}|$)",
    rf"(?:mon|mes|ma|notre|ce) {_RECORD} (?:\w+ ){{0,4}}?(?:etre|soit|"
    rf"soient) (?:\w+ )?(?:supprim|effac|retir|enlev|ray)\w*",
    r"desinscription|desabonnement|droit (?:a l oubli|d opposition|de retrait|a l effacement|"
    r"d effacement|de suppression|de rectification)",
    rf"(?:effacement|suppression|retrait) (?:de |d )(?:{MY} )?{_RECORD}",
    rf"(?:figurer|apparaitre|etre|rester|suis|inscrite?|present\w*) (?:\w+ )?(?:dans|sur) (?:vos|"
    rf"votre|aucune?|une?) (?:\w+ )?{_RECORD}(?<!\bcontact)",
    r"listes? (?:rouge|noire|d opposition|anti)|blacklist\w*|anti demarchage|stop pub",
    r"(?:marre|ras le bol|assez|plein le dos) de (?:vos|votre|vous)|"
    rf"(?:plus|pas) jamais (?:de |d |aucun )?{CALLS}",
    rf"{ASKED} (?:moi |nous )?ni (?:\w+ ){{1,3}}?ni (?:jamais|\w+)",
    r"(?:accord|consentement|autorisation) (?:\w+ ){0,6}?(?:pas|jamais|rien) (?:\w+ )?donnee?s?",
    rf"vous (?:avez|aviez|aurez) (?:pas|rien|plus) a (?:me |m |nous |faire a (?:me |m )?)?(?"
    rf":{CALL}|"
    rf"{BOTHER}er)",
    rf"(?:pas|jamais|rien) (?:\w+ )?(?:autorise|demande|accepte|sollicite|souhaite) (?:\w+ )"
    rf"?{CALLS}",
    rf"(?:tiens|tient|tenons|tenait) (?:pas|plus) a (?:etre |ce qu on |ce que vous )?(?:me |"
    rf"m |nous )?"
    rf"{CALL}{NOT_NOW}",
    rf"perd\w* (?:pas|plus) (?:\w+ ){{0,2}}?temps a (?:me |m |nous )?{CALL}",
    r"(?:ca|cela) se (?:reprodui\w+|renouvelle\w*) (?:plus|pas|jamais)",
    rf"(?:pas|plus) que vous (?:gardiez|conserviez|ayez|utilisiez|stockiez|composiez) (?"
    rf":\w+ ){{0,2}}?"
    rf"{_RECORD}",
    r"repression des fraudes|signal\w* (?:votre|ce|le|vos) numeros?|"
    r"vous etes (?:\w+ )?(?:hors la loi|dans l illegalite|en infraction|en tort)",
    r"(?:disparaitre|disparaisse|sortir) (?:\w+ )?(?:de|des|du) (?:vos|votre|la|les)? ?(?"
    r":listes?|bases?|"
    r"fichiers?|listings?)|sans (?:mon|notre) (?:accord|consentement|autorisation)|^basta(?"
    r": \w+)?$|"
    r"vous (?:m|nous) (?:effacez|supprimez|rayez|retirez|enlevez|virez|desinscrivez)",
    # the law
    r"articles? (?:l |du |de la )?(?:\d|deux cent|vingt et un|dix sept)\w*|code de la consommation|"
    r"(?:l ?223|l deux cent vingt trois)|reglement europeen|"
    r"(?:revoqu|annul|retir)\w* (?:\w+ )?(?:mon|notre|tout) (?:\w+ )?(?:consentement|accord|"
    r"autorisation)",
    r"(?:revenez|revenir|reprenez|reprendre) (?:pas|plus|jamais) (?:vers|contact|me|a la charge)",
    rf"(?:{MY}) (?:numeros?|noms?|coordonnees|donnees|fiche) (?:\w+ ){{0,4}}?(?:effac|"
    rf"supprim|enlev|"
    rf"oubli|retir|jet|perd)(?:ez|e|er)(?: (?:le|la|les|moi))?$",
    r"vous (?:avez|aviez) (?:\w+ )?(?:pas|aucun) (?:le |du tout le )?droit(?! a)|avez pas (?:mon|"
    r"notre) accord|(?:autorise|accepte|tolere|souhaite|veux) (?:pas|aucune?|plus)(?: de| la|"
    r" aucune)? prospection|aucune prospection|refus\w* (?:\w+ )?prospection",
    near(
        r"(?:appel\w*|transm\w+|prevenir|previens|alert\w*|signal\w+|donne\w*|vais|va|porte|"
        r"saisi\w*|envoie|contact\w*)",
        r"(?<!\bpar la )(?<!\bpar les )(?:police|flics|gendarm\w*|tribunal|justice|huissier|"
        r"prud hommes|procureur)",
        4,
    ),
    near(r"mon avocate?", r"(?:vous|contact\w*|en parler|appel\w*|saisi\w*)", 3),
    r"(?:vais|va) (?:le |vous |ca |tout |te )*(?:signaler|denoncer)|(?:je|on) (?:vous|le|"
    r"ca) (?:signale|denonce)(?! que| qu)",
    near(r"(?:bloqu\w*|blacklist\w*|indesirables?|spams?)", r"(?:numeros?|appels?)", 4),
    r"bloctel|bloc tel|block tel|bloc telle|bloctelle",
    r"rgpd|r g p d|cnil|la knil|dgccrf|signal conso|signalconso|33700|33 700",
    r"(?:m|nous) (?:y oppos\w+|oppos\w+(?= (?:au|aux|a (?:ce que|vos|votre|toute?|l utilisation|"
    r"etre|recevoir|tous)|formellement|totalement)\b|$))|(?:fais|faire|faisons) opposition|"
    r"opposee? (?:au demarch\w*|a tout demarch\w*|a ce que vous|a vos)",
    rf"refus\w* (?:\w+ ){{0,3}}?(?:{CALL}|{CALLS})",
    r"contre (?:le|tout|ce) (?:\w+ )?demarchage|non au demarchage",
    rf"(?:interdi\w*|illega\w*|pas legal|pas le droit|aucun droit|"
    rf"hors la loi) (?:\w+ ){{0,5}}?(?:{CALL}|utiliser|insister|continuer|ce que vous faites|"
    rf"votre|{BOTHER}er)",
    rf"(?:{CALLS}|demarcher|{CALL}) (?:\w+ ){{0,4}}?(?:est |c est )?(?:interdit\w*|illega\w*|"
    rf"pas legal|pas autorise\w*)",
    r"(?:pas|jamais|aucune?) (?:\w+ ){0,3}?(?:consenti\b|consentement|autorisation|(?:mon|"
    r"notre) accord(?= (?:pour|de|d|a etre|a ce)\b|$)|la permission)",
    rf"(?:pas|jamais) (?:\w+ ){{0,2}}?(?:demande|autorise|accepte|voulu|"
    rf"sollicite) (?:\w+ ){{0,3}}?(?:a |de |d |qu |que )(?:\w+ ){{0,3}}?(?:{CALL}|utiliser)",
    r"retire\w* mon (?:consentement|accord|autorisation)",
    r"plainte(?!s? a mon)|poursuites|poursuivre en justice|(?:vais|va|vous|aller|retrouver\w*|"
    r"finir\w*|attaqu\w*) (?:\w+ ){0,2}?(?:au tribunal|en justice)",
    r"vous (?:signale|denonce)(?! que| qu)|(?:vais|va) (?:vous |tout )?(?:signaler|denoncer)",
    r"(?:appel\w*|prevenir|previens|alert\w*|contact\w*|saisi\w*|nouvelles de|voir avec|"
    r"parler a) (?:la |les |mon |mes |l |un )?(?:police|gendarm\w*|avocate?s?|justice|autorites)",
    r"(?:bloqu\w*|blacklist\w*) (?:votre|ce|le|vos|ces) (?:\w+ )?numeros?|(?:vous|te) bloqu\w+|"
    r"vais (?:le |vous )bloquer",
    # too often
    rf"(?:{NUMBER}|\w+iemes?|enieme|combien de|des|tant de|mille) fois (?:\w+ ){{0,6}}?(?:vous |"
    rf"tu |on )(?:\w+ ){{0,3}}?(?:r?appel\w*|telephon\w*|derang\w*|dis|dit|dire|repete|"
    rf"contact\w*)(?! me)",
    r"(?:fois|jours?) (?:\w+ ){0,3}?que je (?:vous |te |t )?(?:\w+ ){0,2}?(?:dis|dit|repete|"
    r"explique|reponds|redis)",
    rf"(?:vous|tu|t|votre \w+) (?:\w+ ){{0,4}}?(?:r?appel\w*|"
    rf"telephon\w*) (?:\w+ ){{0,4}}?(?:tous les (?:jours|matins|soirs|deux|quatre)|tout le temps|"
    rf"sans (?:arret|cesse|relache)|non stop|toutes les \w+|chaque (?:jour|semaine)|constamment|"
    rf"en permanence|jour et nuit|matin midi|(?:{NUMBER}|\w+ieme) fois)",
    rf"(?:tous les jours|tout le temps|sans arret|sans cesse|"
    rf"{NUMBER} fois) (?:\w+ ){{0,3}}?(?:vous|tu) (?:me |m |nous )?(?:avez |r?appel|telephon)\w*",
    # fed up with being called (with canvassing at large: an objection, see OBJECTIONS)
    rf"(?:marre|ras le bol|assez|plein le dos|plein le cul|(?:peux|peut) plus|supporte plus|"
    rf"ral le bol|fatigue\w*|insupportable\w*|"
    rf"penible\w*) (?:\w+ ){{0,4}}?(?:{CALLS}(?<!\bdemarchage)(?<!\bdemarchages)|(?:m|me|nous|"
    rf"vous|etre) (?:r?appel\w*|telephon\w*|contact\w*|{BOTHER}\w*|harcel\w*))",
    rf"(?:inutile|(?:pas|plus) la peine|pas besoin|pas necessaire|pas utile|sert a rien|"
    rf"rien ne sert|dispens\w* vous)(?: d insister)?(?: ni| ou| et)? (?:de |d )(?:me |m |nous |"
    rf"vous )?(?:donner la peine de |re ?)?(?:{CALL}|venir vers)",
    r"(?:plus|pas) (?:a )?(?:insister|revenir vers|me demarcher)(?= (?:\w+ )*jamais)",
)
# "appelez pas", "que vous rappeliez pas": a refusal, unless a later moment is asked for.
OPTOUT_UNLESS_LATER = rx(
    rf"(?<!\bje m )(?<!\bje me )(?<!\bm en )(?<!\bs )(?<!\bje vous ){ASKED}(?: moi|"
    rf" nous)? pas(?! (?:pour|de la part|d accord)){NOT_NOW}",
    rf"(?<!\bvous )me {BOTHER}(?:ez|es) (?:pas|plus){NOT_NOW}",
    rf"(?:de|a|d|faut|faudrait|pouvez|pourriez|merci|priere|veuillez|voulez bien|mieux) (?:pas|"
    rf"plus) (?:me |m |nous |vous |lui )?(?:r?app?ell?er|(?:re)?contacter|(?:re)?telephoner|"
    rf"{BOTHER}er){NOT_NOW}",
    rf"{WISH} (?:pas|plus) (?:etre |d |de |vos |votre |aucun )*(?:{CALL}|{CALLS}){NOT_NOW}",
    rf"{WISH} pas (?:le |la |du |de |d |ce )(?:\w+ )?(?:demarchage\w*|prospection)",
    r"pas de (?:demarch\w+|prospection)",
)
ARRETEZ = whole(
    r"(?:vous )?(?:arretez|arrete|cessez)(?: tout| maintenant| de suite)?",
    r"(?:assez|opposition|stop)(?: (?:assez|stop|maintenant))*",
    r"c est (?:illegal|interdit|hors la loi)(?: par la loi)?",
)
# Naming the law to ask about it is a question, not its use.
ABOUT_LAW = re.compile(
    r"(?:respect\w*|conformes?|conformite|appliqu\w+|en regle|aux normes|c est quoi|consult\w+|"
    r"agre\w+|enregistr\w+|qu est ce que|declare\w*)"
)
USES_LAW = re.compile(
    r"\b(?:je suis|suis inscrit\w*|je vais|inscrit\w*|je demande|au nom|mon droit|plainte|"
    r"plaindre)\b"
)
ONLY_LAW = rx(r"rgpd", r"r g p d", r"cnil", r"bloctel", r"bloc tel", r"dgccrf")

# ---------------------------------------------------------------- wrong person
_HE = (
    r"(?:il|elle|ils|elles|on|monsieur(?: \w+)?|madame(?: \w+)?|(?:mon|ma|son|sa|mes|notre) \w+|"
    r"cette personne|ce monsieur|cette dame)"
)
_TITLE = r"(?:monsieur|madame|mademoiselle|mme|mr|m)"
WRONG_PERSON = rx(
    rf"(?:suis|c est|appelle|nomme) pas (?:{FIRST_NAME}|le fils|la fille)|^(?:non |ah |"
    rf"desole )*pas (?:de|d) (?!probleme|souci|credit|temps|argent|ca|chance)\w+(?: \w+)? ici$",
    r"(?<!\bj )(?<!\bje )a plus (?:ce|le meme) numero|(?:ce|cet|"
    r"un) numero (?:\w+ )?(?:professionnel|d entreprise|de societe)|avez pas (?:fait|compose|"
    r"appele) le bon|^(?:non )?aucune? (?!probleme|souci|interet|idee|credit|besoin|"
    r"chance)\w+ ici$|connais pas (?:de |d )(?!credit|solution|banque)\w+$|"
    r"cherchez (?:quelqu un d autre|une autre personne)",
    r"(?:dit|disent) rien(?: du tout)? (?:ce|comme) nom|etes (?:bien )?chez (?:les|la famille|"
    r"monsieur|madame) \w+ ici|pas chez (?:les |monsieur |madame )?(?!moi|nous|vous|edf|eux)\w+$",
    r"^(?:\w+ ){0,2}moi c est (?:monsieur|madame) \w+|^(?:oui |non |bonjour )*c est (?:le|"
    r"la) (?:fils|fille|femme|mari|mere|pere|frere|soeur|voisine?|"
    r"secretaire)(?: de \w+)?(?: a l appareil)?$",
    r"(?:vous|tu|te|t) (?:vous |te |t )?(?:etes |es |avez |devez |dois |etre |"
    r"a )*(?:\w+ )?(?:vous )?(?:etre )?tromp(?:ez|es?|er|ee|iez)",
    r"(?:faux|mauvais) numero|erreur de numero|numero (?:pas bon|errone)|(?:pas|plus) (?:le|au|"
    r"du) bon numero",
    r"(?:plus|pas) (?:son|le|leur|celui) (?:numero|telephone|portable|de monsieur|de madame)|"
    r"(?:plus|pas) (?:celui|celle) (?:que|de)",
    r"(?:changee?|change) de (?:numero|telephone|portable)|(?:mon|a moi le|"
    r"plus le) numero maintenant|numero est a (?:moi|nous)|(?:il|elle|ils) (?:a|ont) quitte",
    r"(?:c est|y a|faites|fais|faire|y avait|doit y avoir|avez fait|surement|"
    r"doit etre) (?:\w+ )?erreur(?! (?:de (?!numero|personne)|d ))|^(?:non |desole )?erreur",
    r"erreur (?:sur|de) (?:la )?personne",
    r"(?<!\bje )(?<!\bj )(?:habite|vit|travaille|bosse|loge|reside|vient|fait) (?:plus|"
    r"pas) (?:ici|la\b|chez|a cette|dans|avec|en france|a cet|parmi|partie)",
    rf"{_HE} (?:\w+ )?(?:est|sont|fait) plus (?:ici|la\b|chez|dans|parmi|de ce monde|en vie|"
    rf"partie|joignable|a ce)",
    rf"{_HE} (?:\w+ )?(?:est|sont) (?:pas|absente?s?|plus)(?: la| ici| presente?s?| disponible|"
    rf" a la maison)(?: |$)",
    r"decedee?s?|nous (?:a|ont) quitte\w*|de ce monde|feu (?:mon|ma)",
    rf"{_HE} (?:est|sont) (?:malheureusement |bien )?(?:mort|morte|morts|enterree?|"
    rf"partie? en retraite|parti a la retraite)",
    rf"(?:je suis|c est|suis|moi c est|etes) (?:pas|plus)(?: du tout)? (?:{_TITLE}|"
    rf"la (?:bonne )?personne|la bonne|celui|celle|elle|lui|cette personne|son|sa fille|sa femme|"
    rf"le mari|ce monsieur|cette dame|la famille)(?! qui (?:decide|gere|s occupe))",
    r"c est (?:pas|plus) (?:moi|a moi)(?! (?:qui|de|d)\b)",
    r"(?:m|s) appelle (?:pas|plus)|(?:mon|le) nom (?:c est|est) pas|moi c est pas|nomme pas",
    r"personne (?:qui )?(?:s appelle|porte ce nom|du nom|de ce nom|a ce nom)",
    r"y a (?:pas|plus|personne|aucune?) (?:de |d |du |qui )?(?!probleme|souci|mal\b|raison|frais|"
    r"quoi|risque|besoin|arnaque|inconvenient|urgence)(?:\w+ ){1,4}?(?:ici|la|chez (?:nous|moi)|"
    r"a ce numero|a cette adresse|dans (?:la|cette|notre) \w+)(?: |$)",
    rf"y a (?:pas|plus) (?:de |d )?(?:{_TITLE} \w+|personne de ce nom)",
    rf"(?:connais|connait|connaissons) (?:pas|personne)(?: du tout)? (?:cette (?:personne|dame)|"
    rf"ce (?:monsieur|nom|\w+ (?:la|dupont))|de (?:{_TITLE}|personne|\w+ (?:ici|\w+)?$)|{_TITLE}|"
    rf"qui (?:s appelle|c est))",
    r"^(?:non |desole |ah )*(?:je )?(?:le |la |les |l )connais pas|^(?:non )?connais pas|"
    r"inconnu (?:ici|au bataillon|a)",
    r"(?:etes|c est|appelez) (?:pas|plus) chez|(?:etes|tombe|tombee|"
    r"appelez) chez quelqu un d autre|etes (?:au standard|au secretariat|dans (?:une?|le|la)|"
    r"chez une?|sur (?:une?|le)) ?",
    rf"(?:je suis|c est|je suis juste|ici c est|vous parlez a|parlez avec|c etait) (?:son|sa|"
    rf"leur) {KIN}|(?:je suis|c est)(?: juste| que)? (?:sa|son|leur|la|le|l) (?:secretaire|"
    rf"assistante?|voisine?|colocataire|aide\w*|nounou|baby sitter|stagiaire|gardienne?|"
    rf"petit fils|petite fille|neveu|niece|infirmiere?)",
    rf"(?:je suis|c est) (?:la|le|l) {KIN} de",
    rf"{KIN} que vous (?:cherchez|voulez|demandez|appelez)|vous (?:cherchez|voulez|"
    rf"demandez) (?:mon|ma|mes) {KIN}",
    r"(?:que|qui) vous (?:cherchez|demandez)(?= (?:c est|est) pas)|"
    r"suis pas (?:\w+ ){1,4}(?:que vous cherchez|que vous voulez joindre)",
    r"ici (?:c est|vous etes)|c est (?:une?|le|la) \w+ ici",
    r"(?:ancien|ancienne) (?:numero|proprietaire|locataire|titulaire|occupante?)|(?:recupere|"
    r"attribue|reattribue|herite)\w* (?:\w+ )?(?:ce|son|le|mon) (?:\w+ )?numero|(?:ai|"
    r"a) ce (?:\w+ )?numero (?:que )?depuis",
    r"numero (?:est|appartient) (?:\w+ )?(?:a quelqu un|a une autre|a un autre|attribue|plus|pas)",
    r"(?:mauvaise|pas (?:\w+ )?la bonne|pas la|fausse|une autre) personne(?! (?:pour|qui))|"
    r"pas (?:le|la) (?:bon|bonne) (?:monsieur|madame|contact|interlocut\w+|destinataire)",
    r"(?:il|elle|ils|elles|monsieur \w+|madame \w+|(?:les|le|la) \w+|mon \w+|ma \w+) (?:a|"
    r"ont) (?:\w+ )?demenage|(?:il|elle) est partie? (?:vivre|habiter|de la maison|d ici|"
    r"en maison)",
    r"^(?:ah )?non moi c est (?!bon|non|oui|ok|pareil|pas|trop|mort|deja|plus|"
    r"different)\w+(?: \w+)?$",
    r"non (?:moi )?je m appelle \w+|moi je m appelle (?!pas)\w+",
    r"suis mineure?|ai (?:dix|onze|douze|treize|quatorze|quinze|seize|1[0-7]) ans|"
    r"parents sont pas la",
)

# ---------------------------------------------------------------- human
_WANT = (
    r"(?:veux|voudrai[st]|voulais|aurais voulu|souhait\w+|aimerai[st]|prefer\w+|desire|exige|"
    r"demande|peux|pourrais|puis|peut|pourrait|possible d|possible de|faut|besoin de|besoin d|"
    r"laissez moi)"
)
_ART = (
    r"(?:(?:a|avec|au|aux|en ligne|un|une|le|la|l|de|d|des|du|votre|vos|ton|ta|tes|service|vers|"
    r"qu|que|quelqu|autre|vrai|vraie|veritable|ligne|relation|contact|directement|plutot|vous|"
    r"chez|mieux|bien|je|on|en face) )*"
)
HUMAN = rx(
    rf"(?:passe[zr]?|repasse[zr]?|transfer\w*|bascul\w*|mett\w+|met[sz]|mis\w*|donne[zr]?|"
    rf"redirig\w*|orient\w*|appelez(?: moi)?|trouvez|envoyez) (?:moi |nous |me |le |l appel |"
    rf"cet appel |ca |en ligne |en relation |en contact )*{_ART}{AGENT}(?! pour me rappeler)",
    r"(?:transfer(?:ez|er|es?)|basculez|redirigez)(?: moi| l appel| cet appel| mon appel)|"
    r"transfert (?:vers|a)|etre (?:transfere|mis en relation|mise en relation)e?|refuse (?:de |"
    r"d )(?:\w+ ){0,2}?(?:a|avec) (?:une?|des) (?:robots?|machines?)|(?:me|m) (?:transferer|"
    r"basculer|rediriger)(?! de l argent)|pas de robot|parl\w* (?:\w+ )?(?:a|avec) (?:une?|"
    r"des) (?:robots?|machines?) (?:non|pas|c est non|merci)|parl\w* (?:qu|que) (?:a|avec|"
    r"aux?) (?:\w+ )?(?:humains?|gens|personnes?)|humain derriere|(?:collegue|conseiller|"
    r"etre) humain|passez (?:le|la) moi",
    rf"(?<!\ben )(?:parler|discuter|echanger|causer|dialoguer|converser|communiquer|voir|avoir|"
    rf"traiter|affaire|conversation|relation|contact) {_ART}(?!mon )(?:{AGENT})",
    rf"{_WANT} (?:\w+ ){{0,2}}?(?:un|une|votre|quelqu un|le|la|de vrais?) ?(?:vrai |vraie |"
    rf"autre )?(?:{AGENT})(?! (?:me |m )?(?:r?appel|recontact)| qui (?:me |m )?r?appel)",
    rf"(?:parl\w*|discut\w*|repond\w*|caus\w*|echang\w*|trait\w*|aime\w*|veux|voulais|"
    rf"dialogue\w*) (?:pas|jamais|plus) (?:\w+ ){{0,4}}?{MACHINE}",
    rf"(?:marre|assez|horreur|deteste) (?:\w+ ){{0,3}}?{MACHINE}",
    r"y a (?:pas|t il pas) (?:un|une|de) (?:conseill\w+|responsable|agent|operat\w+)|(?:pas|"
    r"jamais)(?: \w+){0,3} (?:parler|discuter) (?:a|avec) (?:une?|des) (?:robots?|machines?)|"
    r"quelqu un a qui (?:je |on )?(?:peux |peut |pourrais )?(?:parler|m adresser|causer)|"
    r"pas (?:un|de) (?:robot|machine) (?:une? )?(?:humain|vraie|quelqu)|quelqu un peut (?:me|m|"
    r"nous) (?:parler|repondre|aider|expliquer)|quelqu un (?:de |d )(?:vrai|autre(?! chose)|reel|"
    r"humain|competent|physique|vivant|chez vous)|en chair et en os|etre vivant",
    r"(?:pas|y a|aurait|avez|auriez)(?: \w+){0,3} (?:vrai|vraie|etre|veritable) (?:humain|"
    r"personne|conseill\w+|gens|interlocut\w+)",
)
HUMAN_ALONE = whole(
    r"(?:je (?:veux|voudrais) )?(?:un|une|votre|vos|le|la|l|a un|au)?(?: vrai| vraie| autre|"
    r" de vos)? ?(?:conseill\w+|humain|etre humain|responsable|superieur|operat\w+|"
    r"vraie personne|service client\w*|standardiste|personne (?:reelle|physique|humaine)|"
    r"directeur|chef|quelqu un|humaine)"
)

# ---------------------------------------------------------------- callback
_BACK = r"(?:r(?:e|a)?p+el\w*|(?:re)contact\w*|retelephon\w*|rejoindre|rejoign\w*)"
CALLBACK = rx(
    rf"(?<!\bje me )(?<!\bje m en )(?<!\bavez )(?<!\bai )(?<!\ba ){_BACK}(?! (?:pas|plus|jamais|"
    rf"moi (?:votre|vos|le nom|la (?!semaine|prochaine)|qui|deja|ce que|comment|combien|de quoi|"
    rf"c est quoi|quel))\b(?! tard))",
    rf"(?<!\bje m ){ASKED}(?: moi| nous)? pas{NOW}",
    rf"(?<!\bvous m )(?<!\bque vous )(?<!\bpourquoi vous )(?:appel(?:ez|er|le|iez)|telephon(?:ez|"
    rf"er)|contact(?:ez|er)|joindre|(?:re)?essay(?:ez|er)|repass\w+|reven(?:ez|ir)) (?:moi |"
    rf"nous |me |m |vers moi )?(?:\w+ ){{0,3}}?{TIME}",
    rf"(?:m |me |nous )(?:appel(?:ez|er|iez)|telephon(?:ez|er|iez)|contact(?:ez|er|iez)|"
    rf"joindre) (?:\w+ ){{0,2}}?{TIME}",
    r"je vous (?:r?appell\w+|recontact\w*|telephonerai|contacterai|ferai signe|tiens au courant)|"
    r"je (?:vais|peux|prefere|dois) (?:vous )?(?:rappeler|recontacter)",
    r"(?:re)?pass\w* (?:moi |nous |un |me |plutot )*(?:petit )?coup de (?:fil|tel\w*)|"
    r"donnez moi un coup de (?:fil|tel\w*)",
    r"(?:plus|un peu plus) tard(?! pour)|une autre fois|une prochaine fois|(?:un|a un|"
    r"d un) autre (?:moment|jour)|autre jour|tout a l heure|ulterieurement|remettre (?:ca|"
    r"cela) a|en reparl\w+|se (?:reparl\w+|recontact\w+)|report\w+ (?:a|ca|cela|le|l)|decaler",
)
CALLBACK_ALONE = whole(r"pas (?:maintenant|tout de suite|a cette heure ci|de suite)")
BACK = rx(_BACK)
# A positive request to be called at another moment, after a refusal of this one.
BACK_LATER = rx(
    rf"(?<!\bpas )(?<!\bplus )(?:{_BACK}|appelez|appeler) (?:moi |nous |plutot |"
    rf"moi plutot )?(?:{TIME}|dans|en|la semaine|le mois|a|vers|apres|avant)"
)
