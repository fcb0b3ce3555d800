"""Words and patterns of the guard, as `text.normalise` writes them. Data."""

FRENCH = frozenset(
    "le la les l un une des de du d et est sont a au aux en dans pour par sur avec sans ce cet "
    "cette "
    "ces c s se je j vous nous il elle on ils que qu qui ne n pas plus votre vos notre nos mon "
    "ma mes "
    "si ou mais donc y tout tres bien peut pouvez pourra suis etes avez ai oui non merci bonjour "
    "alors comme aussi cela ca".split()
)
FOREIGN = frozenset(
    "the of and is are you your to for with this that it we our will can what not have i my be do "
    "el los las una por con para que usted es nuestro su der die das und ist nicht sie ihr mit "
    "wir ein eine il gli che sono per non di".split()
) - frozenset("que es il non une".split())

NUMBERS = frozenset(
    "zero deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "vingt vingts trente quarante cinquante soixante septante huitante nonante cent cents mille "
    "million millions milliard milliards moitie double triple quart tiers demi dizaine dizaines "
    "douzaine quinzaine vingtaine centaine centaines millier milliers".split()
)
UNITS = frozenset(
    "euro euros pourcent pourcents pourcentage dollar dollars centime centimes".split()
)

# Families: reason -> patterns over normalised words. `\b` is added on both sides.
NEVER = {
    "role": (
        r"je suis (?:bien |vraiment |reellement )?(?:un |une )?(?:vraie? )?(?:etre |personne )?"
        r"(?:humaine?|homme|femme|personne|reelle?|vivante?|de chair)",
        r"(?:suis|etre|serais?) pas (?:du tout |vraiment )?(?:un |une |d )?(?:robots?|machines?|"
        r"automates?|ia|intelligence|programme|ordinateur|voix artificielle|artificielle?|"
        r"voix de synthese|assistant vocal|logiciel)",
        r"(?:vous parlez|parlez|discutez) (?:bien )?(?:a|avec) (?:un |une )?(?:vraie? )?(?:etre )?"
        r"(?:humain|personne reelle|vraie personne|homme|femme)",
        r"aucun robot|pas de robot|rien d(?: une?)? (?:artificiel|machine|robot)",
        r"(?:chat ?)?gpt\w*|openai|mistral|llama|claude|gemini|smollm\w*|hugging ?face|anthropic",
        r"modeles? de lang(?:age|ue)|language model|en tant qu(?:e|) (?:ia|intelligence|modele|"
        r"assistant)|as an ai|intelligence artificielle (?:entrainee|developpee|creee)",
        r"(?:je suis|ici) (?:de la |de l |des |le |la |votre |un |une )?(?:police|"
        r"policier|gendarme\w*|huissier|avocate?|medecin|notaire|banquiere?|conseillere?|directrice|directeur|inspecteur|impots)",
        r"je (?:respire|mange|dors|vis|suis nee?|habite|suis marie|suis mariee|ai des enfants|"
        r"ai une famille|suis pere|suis mere)",
    ),
    "leak": (
        r"instructions?|prompts?|consignes?|directives?|mes regles|ces regles|les regles (?:que|"
        r"qui)|"
        r"systeme?s? (?:prompt|message)|message systeme|on m a (?:dit|demande|programmee?) (?:de|"
        r"pour)|"
        r"je (?:dois|ne dois pas|suis censee?|suis programmee?|suis configuree?) (?:repondre|"
        r"suivre|"
        r"dire|donner|parler)|ma configuration|mon (?:texte|script|code|contexte)",
        r"(?:le|du) prospect|utilisateur|assistant repond|role play|jeu de role|mode "
        r"(?:developpeur|"
        r"debug|admin\w*)|jailbreak|dan mode|pirat\w+",
        r"faits? (?:que|qui) (?:me|m)|d apres les faits|selon les faits|dans les faits fournis",
    ),
    "advice": (
        r"je vous (?:le |la |les )?(?:conseille|recommande|suggere|preconise|invite|encourage|"
        r"incite)",
        r"vous (?:devriez|devez|feriez mieux|auriez (?:tout )?interet|avez (?:tout )?interet|"
        r"gagneriez a)|il (?:vous )?(?:vaut|vaudrait) mieux|le mieux (?:est|serait) de",
        r"il (?:vous )?(?:faut|faudrait) (?:\w+ ){0,3}?(?:sign\w+|invest\w+|achet\w+|vend\w+|"
        r"resili\w+|"
        r"souscri\w+|plac\w+|emprunt\w+|renegoci\w+|chang\w+|acceptez?|accepter|profit\w+|payez?|"
        r"payer)",
        r"(?:signez|investissez|achetez|vendez|resiliez|souscrivez|placez|empruntez|acceptez|"
        r"payez|"
        r"retirez|virez|transferez|arretez de payer|n hesitez pas a (?:signer|investir|acheter|"
        r"souscrire|placer|accepter))",
        r"(?:mon|un bon|le meilleur) conseil|a votre place|si j etais vous|c est le (?:bon|"
        r"meilleur) "
        r"moment|bonne affaire|bon (?:placement|investissement|plan)|(?:prenez|arretez|evitez) "
        r"(?:le|la|les|ce|cet|cette|votre|vos|de|un|une)",
    ),
    "pressure": (
        r"derniere chance|offre limitee|places? limitees?|plus que quelques|avant qu il (?:ne "
        r")?soit "
        r"trop tard|il est urgent|urgence|depechez|vite avant|expire\w*|aujourd hui seulement|"
        r"seulement aujourd hui|sinon vous|vous (?:le )?regrett\w+|vous risquez|vous perd\w+|"
        r"maintenant ou jamais|sans plus attendre|tout de suite|immediatement|sous peine|amende|"
        r"poursuite\w*|tribunal|saisie",
    ),
    "payment data": (
        r"carte (?:bancaire|bleue|de credit)|numero de (?:carte|compte|securite)|rib|iban|code "
        r"(?:secret|"
        r"confidentiel|pin)|mot de passe|cryptogramme|piece d identite|coordonnees bancaires|"
        r"virement|"
        r"(?:donnez|dictez|communiquez|envoyez|confirmez|indiquez) (?:moi |nous )(?:votre|vos|le|"
        r"la)",
    ),
    "contact": (
        r"appelez (?:le|au|nous|moi)|(?:mon|notre|le) numero (?:est|c est)|par sms|adresse mail|"
        r"whatsapp|telegram|notre site|sur (?:le |notre )?(?:site|internet)|tapez|cliquez|"
        r"telecharg\w+|qr code",
    ),
    "insult": (
        r"idiote?s?|imbeciles?|stupides?|conn(?:ard|asse|e)s?|cons?|merde|putain|salop\w+|"
        r"encul\w+|"
        r"ta gueule|ferme(?:z)? la|abruti\w*|debile\w*|nulle?s? a|menteu\w+|pute|batard\w*|foutre|"
        r"crev\w+|nazi\w*|negre\w*",
    ),
    "subject": (
        r"politique|president de la republique|election\w*|religio\w+|musulman\w*|juif\w*|"
        r"juive\w*|"
        r"catholique\w*|islam|bombe\w*|drogue\w*|suicid\w*|tuer|sexe\w*|sexuel\w*|armes?|"
        r"attentat\w*",
    ),
}
# Claims that are fine when the facts make them, by the stem that must then be in the facts.
CLAIMS = {
    "price": (
        r"gratuit\w*",
        r"offert\w*|offrons|offre (?:gratuite|speciale|exceptionnelle)",
        r"sans frais|aucun frais|zero frais|frais reduits?|sans (?:aucun )?(?:cout|surcout)|ne "
        r"coute rien|"
        r"coute rien|rien a payer|ne paye\w* rien|ne paierez rien",
        r"reduction\w*|remise\w*|rabais|promotion\w*|ristourne\w*|cadeaux?|bonus|prime|primes|"
        r"cheque\w*|rembourse\w*|credit d impot|aides? de l etat|subvention\w*|cashback",
        r"moins cher\w*|moindre cout|meilleurs? (?:prix|tarifs?|taux)|prix (?:le plus )?bas|bas "
        r"prix|"
        r"taux (?:fixe|bas|zero|imbattable|avantageux|preferentiel|plus bas|reduit)|imbattable\w*|"
        r"abordable\w*|avantageu\w+|pas cher\w*|bon marche",
        r"economis\w+|economies?|gagn(?:er\w*|ez|ons|ent|e)|gains?|rendement\w*|rentab\w+|"
        r"benefice\w*|"
        r"rapport(?:e|er|era|ent)|plus values?|interets? (?:de|eleves)",
        r"baiss\w+|diminu\w+|divis\w+|allege\w*|reduir\w+|reduit\w*|reduisez|reduisons",
        r"mensualites?|prix (?:est|sera|de)|cout (?:est|sera|de)|tarif (?:est|sera|de)|"
        r"taux (?:est|sera|de)|frais (?:sont|seront|de)|coute(?:ra)?",
    ),
    "promise": (
        r"garanti\w*|promet\w*|promis\w*|promesse\w*|promets",
        r"je (?:vous )?(?:l )?assure|vous assur(?:e|er|ons)|certifi\w+|je m engage|nous nous "
        r"engageons|"
        r"on s engage|vous avez ma parole|parole d honneur|croyez moi|faites moi confiance|jure",
        r"sans (?:aucun )?(?:risques?|engagement|obligation|condition\w*)|aucun (?:risque|"
        r"engagement)|"
        r"zero risque|risque zero|securise\w*|fiable\w*",
        r"a coup sur|forcement|certainement|assurement|obligatoirement|sans (?:aucun )?(?:doute|"
        r"faute)|"
        r"toujours|jamais|dans tous les cas|systematiquement|c est (?:sur|certain)",
        r"vous (?:\w+ )?(?:aurez|obtiendrez|recevrez|serez|pourrez (?:\w+ )?(?:avoir|obtenir|"
        r"recevoir|"
        r"beneficier)|beneficier\w*|toucherez|profiterez|verrez|allez (?:\w+ )?(?:recevoir|"
        r"obtenir|avoir|"
        r"gagner|toucher|beneficier|etre))",
        r"(?:dossier|demande|credit|pret) (?:\w+ )?(?:est|sera|serait) (?:\w+ )?(?:accepte\w*|"
        r"valide\w*|"
        r"approuve\w*|accorde\w*)|accord (?:immediat|de principe)|eligible\w*|vous avez droit|"
        r"vous y avez droit|accept(?:e|ee|es) d office",
        r"(?:demain|aujourd hui|ce soir|cette semaine|cet apres midi|ce matin|dans l heure|"
        r"dans la journee|la semaine prochaine|lundi|mardi|mercredi|jeudi|vendredi|samedi|"
        r"dimanche|"
        r"sous peu|dans (?:les )?(?:\w+ )?(?:minutes?|heures?|jours?|semaines?|mois))",
    ),
    "claim": (
        r"partenaires? (?:officiel\w*|de l etat|d)|officiel\w*|agree\w*|certifie\w*|mandat\w+ par|"
        r"au nom de (?:l etat|la mairie|la region|edf)|l etat|gouvernement\w*|mairie|ministere|"
        r"label\w*|"
        r"edf|engie|rge|numero un|leader|meilleure? (?:banque|societe|entreprise|offre)|les "
        r"meilleurs|"
        r"reconnue?s?|millions? de clients|(?:tous|nos) clients? (?:sont|est) (?:\w+ "
        r")?(?:satisf\w+|"
        r"contents?)|confidentiel\w*|anonyme\w*|(?:ne )?(?:enregistr\w+)|rgpd|bloctel|la loi|"
        r"legal\w*|"
        r"concurren\w+|meilleurs? que",
    ),
}
