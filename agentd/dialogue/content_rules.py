"""Rules about what is talked of: repeat, greeting, objections, questions."""

import re

from agentd.dialogue.lexicon import KIN, rx, whole

# ---------------------------------------------------------------- repeat
_HEARD = r"(?:compris|entendu|saisi|suivi|capte|pige|ecoute|percute)"
REPEAT = rx(
    r"(?:pouvez|pourriez|peux|peut|veuillez|voulez|faut|pourrais|possible de|"
    r"merci de)(?: vous)?(?: bien)?(?: me)? (?:repeter|redire|reformuler|recommencer|reexpliquer|"
    r"articuler)",
    r"(?<!\bje vous )(?<!\bje )(?<!\bvous vous )(?:repetez|repete|repeter|redites|redis|redire|"
    r"reformulez|reformuler|articulez|recommencez)",
    rf"(?:ai|a) (?:pas|rien|mal|a peine)(?: (?:tres|bien|trop|tout|vraiment|"
    rf"du tout))* {_HEARD}(?! parler)(?! (?:aux?|a la|l interet|a quoi|"
    rf"ce que c est)\b(?! ce que))",
    rf"^(?:pas|mal|rien)(?: bien| tout)? {_HEARD}",
    r"(?<!\by )comprends? (?:pas|rien|mal)(?: bien| tout| tres bien)?(?: la question|"
    r" votre question| (?:a )?ce que vous (?:dites|me dites|racontez|voulez dire|demandez)|"
    r" de quoi vous parlez)?$",
    r"(?:entends?|recois|capte|recoit) (?:\w+ )?(?:pas|rien|mal|plus|que dalle|tres mal|a peine|"
    r"une fois sur|un mot sur)",
    r"(?:parl\w+|articul\w+|dites) (?:un peu |beaucoup )?(?:plus|moins|mieux|trop) (?:fort|vite|"
    r"lentement|doucement|distinctement|clairement|bas)|^(?:un peu )?(?:plus fort|moins vite|"
    r"plus lentement|plus doucement)",
    r"ca (?:a coupe|coupe|gresille|capte|hache|passe mal|saccade|resonne)|(?:ligne|communication|"
    r"connexion|reseau|liaison|son|qualite) (?:\w+ ){0,2}?(?:mauvaise?|pourrie?|coupe\w*|hachee?|"
    r"passe mal|tres faible)",
    r"(?:c est|c etait) quoi (?:la|votre) question|quelle (?:est|etait) (?:la|votre) question|"
    r"question (?:c est|c etait) quoi|quoi comme question",
    r"(?:qu est ce que|que|qu) (?:vous )?(?:avez vous|avez|m avez|disiez|dites|racontez|me dites|"
    r"me demandez|m avez demande|venez de)(?: vous)?(?: dit| dire| me dire| demande)?(?: la)?$",
    r"vous (?:me |m )?(?:avez )?(?:dites|disiez|dit|demandiez|demandez|demande) quoi",
    r"(?:dis|dit|dites|disais|disiez) quoi|(?:qu est ce que|que) tu (?:dis|as dit)|(?:me la|"
    r"me le|la|le) refaire|(?:repos|repet)\w+ (?:la|votre|ta|moi la) question|"
    r"entends (?:a moitie|une)|friture|gresill\w*|(?:etes|es|est) (?:tout |toute |tres )?hachee?|"
    r"vous (?:ai )?perdue?$|vous ai pas (?:bien )?(?:entendu|compris)|plait il|"
    r"encore une fois s il|pardon quoi|sa veut dire quoi pardon",
)
REPEAT_ALONE = whole(
    r"pardon",
    r"(?:hein )?comment(?: ca)?",
    r"c est a dire",
    r"(?:deux|une autre|une deuxieme) fois",
    r"quoi",
    r"hein(?: quoi)?",
    r"excusez moi",
    r"excuse moi",
    r"vous (?:disiez|dites)(?: quoi)?",
    r"encore une fois",
    r"comment vous dites",
    r"redites?",
    r"encore",
    r"de quoi",
    r"s il vous plait",
    r"(?:comment )?vous (?:m )?avez dit",
    r"qu est ce que",
)

# ---------------------------------------------------------------- greeting
_HI = r"(?:allo|bonjour|bonsoir|salut|coucou|hello|re|rebonjour|enchantee?|bien le bonjour)"
GREETING = re.compile(
    rf"(?:(?:oui|non|ah|qui|bien|ok|tres|alors) )*{_HI}(?: (?:{_HI}|oui|madame|monsieur|"
    rf"mademoiselle|messieurs|a vous|a toi|qui|la|ca va|et vous|aussi|bien|merci|"
    r"vous allez bien|comment allez vous|comment ca va|comment vous allez|de meme|"
    r"toujours))*(?: \w+){0,1}$"
)
GREETING_PHRASE = re.compile(
    rf"(?:(?:oui|{_HI}|j entends personne|la) )*(?:y a quelqu un|vous etes (?:toujours )?la|"
    rf"(?:est ce que )?vous m entendez|(?:{_HI} )(?!qui)(?:\w+ ){{1,2}}a l appareil|"
    rf"ca va (?:bien )?(?:merci )?et vous|(?:comment )?(?:ca va|allez vous|"
    rf"vous allez bien)(?: et vous)?|allo \w+)$"
)
HI = rx(_HI)

# ---------------------------------------------------------------- objections
# Said in any form, even as a question, these are objections.
OBJECTION_ALWAYS = rx(
    r"(?:envoy\w+|parvenir|expedi\w+|adress(?:ez|er)|transmett\w+|"
    r"recevoir) (?:\w+ ){0,5}?(?:mails?|courrier|documentations?|documents? (?!a)|brochures?|sms|"
    r"texto|plaquettes?|ecrit|poste|infos?|informations?|ca|offre|proposition|devis|message)",
    r"(?:mail|brochure|documentation|doc|plaquette|courrier|sms) (?:\w+ ){0,3}?(?:envoyer|donner|"
    r"m adresser)|envoyez(?: moi| nous| le| la| ca)+$|par (?:ecrit|mail|courrier|sms|la poste)|"
    r"(?:mail|sms|courrier) (?:plutot|suffira|suffit)",
    r"(?:un|le|par|d un) (?:mail|courrier|sms)|(?:la|une|de la|votre) (?:documentation|brochure|"
    r"plaquette)|(?:que|qu) j y pense|y (?:penserai|pense|repense)|reflechi\w*|reflexion|"
    r"tete reposee|y penser|peser le pour|(?:nuit|temps) (?:porte conseil|de (?:reflexion|"
    r"penser))|dormir dessus",
    rf"(?:en |y )?(?:parl\w+|discut\w+|demand\w+|vois|voies?|voir|consult\w+|concert\w+|"
    rf"decid\w+) (?:\w+ ){{0,2}}?(?:a|avec|sans|en|chez) (?:mon|ma|mes|notre|nos|"
    rf"mon \w+ et) {KIN}",
    rf"(?:c est|ce sera|c etait) (?:\w+ ){{0,2}}?(?:mon|ma|notre|mes) {KIN} qui|(?:mon|ma|"
    rf"notre) {KIN} (?:\w+ )?(?:gere|s occupe|s en occupe|decide|fait|a deja|veut pas|voudra pas|"
    rf"est contre)",
    r"(?:faut|dois|devrais|prefere|voudrais|vais|besoin d) (?:que je |qu on |d )?(?:en |leur |"
    r"lui )(?:parle\w*|discute\w*|demande\w*)(?! moi)|c est pas moi qui (?:decide|gere|"
    r"m en occupe)",
    r"arnaqu\w*|escro\w*|voleurs?|vole[rs]?|filou\w*|charlatan\w*|pigeons?|entourloup\w*|"
    r"embrouill\w*|attrape (?:nigaud|couillon)|trop beau|louche|bidon|pipeau|"
    r"c est (?:\w+ )?du vent|menteurs?|mensong\w*|pas net|baratin\w*|carotte",
    r"(?:me|m en) mefi\w*|mefian\w*|pas confiance|fais pas confiance|confiance (?:en|a) personne|"
    r"pas tres serieux|pas serieux",
    r"fait avoir|fait rouler|me suis fait|mauvaise experience|mal passe|chat echaude|(?:ete|"
    r"suis) (?:\w+ )?decue?s?|brule les doigts|deja donne(?! mon)|echaude\w*|refroidi\w*",
)
OBJECTION = rx(
    # no time, wrong moment
    r"(?:pas|plus|jamais)(?: trop| vraiment| beaucoup| du tout| bien)?(?: le| de| l| d|"
    r" une)? (?:temps|minutes?|secondes?|instants?)(?: |$)(?!en temps)",
    r"(?:je suis|on est|suis|etre|la) (?:\w+ ){0,2}?(?:occupee?s?|pressee?|debordee?|deborde|"
    r"en reunion|en rendez vous|au (?:travail|boulot|bureau|volant|magasin|restaurant|milieu)|"
    r"en (?:voiture|train|plein\w*|route|deplacement|conge\w*|vacances|retard|ligne|famille|"
    r"course)|a table|de sortie|sur la route|chez le|a l hopital|dans le (?:train|metro|bus))",
    r"je (?:conduis|travaille|bosse|mange|cuisine|pars|dors|dormais|sors|suis en train)(?: la|"
    r" en ce moment)?(?: |$)",
    r"(?:tomb\w+|appel\w+) (?:tres |vraiment |super )?mal|pas (?:\w+ )?(?:bon|le bon) moment|"
    r"(?:pas|mauvais) (?!pour )(?:\w+ )?(?:le )?moment|pas (?:disponible|dispo)|"
    r"vous me (?:derangez|coupez)(?! pas)|j ai (?:autre chose|d autres choses|mieux|du monde|"
    r"les enfants|du travail)",
    r"(?:je|on) dois (?:y aller|partir|filer|vous laisser|raccrocher|sortir)|"
    r"je (?:vais (?:partir|sortir|y aller|manger|travailler)|file|garde (?:mes|les|des))|"
    r"ai (?:un|une) (?:rendez vous|reunion|urgence|conseill\w+|banquier|courtier)|attrapez",
    # just done, would rather not
    r"(?:viens|vient|venons) (?:juste |tout juste )?(?:de |d )(?:en )?(?:prendre|changer|refaire|"
    r"signer|acheter|souscrire|renegocier|installer|faire|isoler|finir|resilier)|"
    r"prefere(?:rais)? (?:comparer|garder|attendre|rester|continuer|m en occuper|gerer)|"
    r"prends? jamais (?:de )?decision|connais la (?:musique|chanson)|connais le refrain|"
    r"la fait pas|(?:reste|resterai|rester) (?:chez|avec|a la|fidele)|(?:banque|courtier|"
    r"assureur|syndic) (?:\w+ )?(?:s occupe|gere|fait)|me concerne pas|(?:pas|aucun|trop de|"
    r"peur du) (?:prendre (?:de |des |un )?)?risques?|(?:un peu |trop |bien )(?:juste|justes|"
    r"serre|serres) (?:en ce moment|financierement|niveau|cote)|maison (?:\w+ ){0,2}?isolee|"
    r"a l etranger|que des (?:problemes|ennuis|galeres|soucis)|eligible|l air complique|"
    r"pas donnee?|roule pas sur|(?:mon|ma) \w+ (?:est pas d accord|est contre|(?:veut|voudra|"
    r"aime) (?:pas|jamais|plus))|contrat jusqu|engagee? jusqu|suis (?:tres )?bien (?:avec|chez|"
    r"la)|(?:prends|prend) pas (?:de|une?) decision|eu (?:des|un|que des) (?:problemes?|ennuis?|"
    r"soucis?)|vois pas (?:a quoi|l interet|ce que ca|pourquoi je|l utilite)|perdu (?:beaucoup|"
    r"gros|tout|pas mal)|(?:ai|j ai) (?:soixante|quatre vingts?|septante|[6-9]\d)(?: \w+)? ans|"
    r"etes (?:le|la) \w+ieme|m ecrire|besoin d y",
    # elsewhere, with somebody
    r"je suis (?:au(?! telephone)|avec|chez (?!moi)|dans (?:le|la|un|une|ma|mon)|en (?:train|"
    r"courses?|famille|visite|pleine?|cours|formation|deplacement|voyage)) \w+",
    # no interest
    r"(?:pas|plus|jamais|aucunement|nullement|ni|rien)(?: \w+){0,3}? (?:interes\w*|l interet|"
    r"d interet|preneu\w+|fan|tent\w+|chaud\w*)",
    r"(?:aucun|zero|peu|pas grand) interet|m interesse (?:\w+ )?(?:pas|plus|aucunement|guere|"
    r"jamais)|m (?:interesserait|a jamais interesse|interesseraient) pas|me (?:tente|dit|parle|"
    r"branche|seduit|convainc|plait) (?:pas|rien|guere)|desinteresse\w*|ininteressant\w*",
    r"m en (?:fiche|fous|contrefous|tape|tamponne|moque|balance|bats)|rien a (?:faire|foutre|"
    r"cirer|secouer|battre|carrer)|pas mon (?:truc|domaine|delire|rayon)|pas pour moi ces",
    # price, money
    r"(?:trop|super|tres|hyper|vachement|un peu|bien|assez|plus|vraiment|si|aussi) (?:cher\w*|"
    r"couteu\w*|onereu\w*)|c est cher|cher (?:pour|quand meme|votre|vos)|coute\w* (?:trop|cher|"
    r"une fortune|les yeux|un bras|la peau)|hors de prix|au dessus de mes moyens|excessifs?|"
    r"exorbitants?|decouvert|prix (?:\w+ ){0,2}?eleve\w*|hors budget|prix (?:exorbitant|excessif|"
    r"abuse)\w*",
    r"(?:pas|plus|aucun|jamais)(?: \w+){0,2}? (?:moyens?|budget|argent|sous|tune|thune|fric|"
    r"finances|rond|economies|un centime|un sou)(?! la| dessus)|fauchee?|a sec|smic|au chomage|"
    r"sans emploi|rsa\b|fins de mois|(?:me serre|serrer) la ceinture",
    # already have
    r"(?:ai|a|avons|suis|est|sommes|etions|fais|fait|travaille\w*|passe|paie|paye|mon|"
    r"ma) (?:\w+ ){0,2}?deja(?! (?:dit|repondu|explique|parle)\b)(?= \w)",
    r"deja (?:un|une|quelqu|ce qu|tout|ma|mon|mes|notre|des|chez|fait|equip\w*|pris|client\w*|"
    r"assur\w*|isol\w*|avec|inscrit\w*|en place|engag\w*|conseill\w*|suivi\w*|servi\w*|une|signe)",
    r"(?:je suis|on est|suis|sommes) (?:\w+ ){0,3}?(?:satisfait\w*|contente?s?|fidele\w*|"
    r"bien (?:la )?ou|tres bien (?:la )?ou|bien comme|tranquille comme|chez|sous contrat|"
    r"engagee?s? (?:avec|chez|jusqu)|equip\w+)|ca me va (?:tres bien )?comme (?:c est|ca)|(?:me|"
    r"nous) convient (?:tres bien|parfaitement)|change\w* (?:pas|rien|jamais)|"
    r"pas envie de changer|(?:veux|souhaite) (?:pas|rien) changer|ai (?:tout )?ce qu (?:il me |"
    r"il |il nous )?faut|j ai mon \w+|on a notre \w+",
    # no need
    r"(?:pas|aucun|jamais|plus|rien)(?: \w+){0,2}? (?:besoin|utilite|utile|necessaire|l utilite|"
    r"l usage|d usage)|besoin de rien|sert(?: \w+)? a rien|servira(?:it)? (?:a rien|pas)|"
    r"inutile(?! d)|manque de rien",
    # thinking it over
    r"(?:je vais|faut|je dois|on va|laissez moi|faudrait) (?:que je |d abord |bien |y |le |"
    r"quand meme )*(?:voir|regarder|comparer|etudier|me renseigner|verifier|m informer)(?: ca|"
    r" d abord| avec| un peu| par moi| les| de mon|(?<!faut voir)$)|j hesite|"
    r"pas (?:encore )?(?:decidee?|prete?)|prendre (?:le|mon) temps|pas (?:dans )?l urgence|"
    r"rien ne presse|decide pas (?:comme|au|par)|coup de tete",
    # trust, engagement, phone
    r"(?:pas|rien|jamais|veux pas|peur d|peur de) (?:\w+ ){0,2}?(?:m engager|nous engager|"
    r"etre engage\w*|d engagement|signer|me lancer|donner mes|communiquer mes|communique mes|"
    r"donne mes|mes coordonnees)",
    r"(?:achete|signe|fais|prends|donne|traite|conclus|souscris|regle|commande|accepte|"
    r"decide) (?:pas|rien|jamais|plus) (?:\w+ ){0,4}?(?:par|au|sur) (?:le )?(?:telephone|tel)|"
    r"(?:jamais|rien|pas) (?:\w+ ){0,3}?par telephone",
    r"(?:ai|j ai|fait|fais) (?:\w+ )?(?:peur|la trouille|les jetons)|(?:crois|croyais) (?:pas|"
    r"plus)(?: \w+){0,2}? (?:a ca|une seconde|un mot|trop|a vos|a ces)|y crois (?:pas|plus|rien|"
    r"moyen)|pas convainc\w*|sceptique|dubitati\w*|pas rassur\w*|pas fiable|pas sur que ca|"
    r"doute\w* (?:que|de)|convain\w* pas|pas (?:tres |bien )?(?:clair|rentable|avantageux|"
    r"regul\w+|interessant|serieux|encadr\w+|ecologique|protege\w*)(?: |$)|rentable\w* (?:pas|"
    r"du tout)|jamais rentable",
    r"(?:c est|ca (?:a l air|fait|me parait|semble)|sont|est|etes|suis|prend|il y a|y a|demande|"
    r"font|encore|bien|beaucoup|histoires|y en a|que)? ?(?:beaucoup |bien |vraiment |encore |"
    r"un peu |toujours |"
    r"quand meme )?(?<!\bpas )(?<!\bsais )(?<!\bplus )trop (?!tard pour \w+ ?$)(?:de |"
    r"d )?(?!bien|cool|super|fort|mal|vite|le temps|la|bon|content)\w+",
    r"c est (?:\w+ )?(?:complique|risque|dangereux|aleatoire|speculatif|volatil\w*|instable|"
    r"abuse|du vol|une galere|prise de tete|galere|contraignant|trop)(?! (?:a dire|de dire|"
    r"a expliquer|de repondre))",
    r"toujours (?:\w+ )?(?:des |un |de la |quelque chose de )?(?:frais|surprise|piege|loup|"
    r"cache\w*|petites lignes|arnaque)|frais caches|petites lignes|(?:y a|"
    r"c est) (?:\w+ )?(?:anguille|un piege|un loup)",
    r"passe l age|plus (?:de mon|l) age|a mon age|suis (?:plus tout jeune|agee?|vieux|vieille|"
    r"retraitee?)|(?:a|en) (?:la )?retraite|suis (?:locataire|etudiante?|interdit\w*|fiche\w*|"
    r"hebergee?|malade|handicape\w*|surendette\w*|au chomage)|en location|pas propri\w+ (?:donc|"
    r"alors|mais)",
    r"(?:m a|ete|avez|m ont|ont) (?:\w+ )?(?:deja )?refuse\w*|refus (?:de (?:pret|credit|"
    r"la banque))|taux (?:\w+ ){0,3}?(?:eleve\w*|haut\w*|cher\w*|enorme\w*|delirant\w*|abuse\w*)|"
    r"ailleurs c est moins|moins cher ailleurs|trouve moins cher|paperass\w*|bureaucrat\w*|"
    r"deja perdu|perdu (?:\w+ ){0,3}?(?:argent|euros|plumes|sous)|(?:fait|faire) pirater|"
    r"pirat(?:er|age|es?)|hack\w*|pollu\w*|ecolog\w+ (?:ca|c est)|coupure\w*|demenag(?:e|er|eons|"
    r"ement)(?! a\b)|veux pas de (?:travaux|chantier)|pas (?:de|faire de) travaux|deja isole\w*|"
    r"impots (?:\w+ ){0,3}?complique|vont (?:\w+ )?(?:encore )?augmenter|augment\w+ (?:encore|"
    r"toujours|tout le temps)",
    r"(?:comprends?|connais|pige|capte|entrave) (?:rien|pas grand chose|que dalle) (?:a|aux|au|"
    r"en|la|de)\b|y (?:comprends?|connais|pige) (?:rien|pas|pas grand)|(?:comprends|"
    r"connais) rien (?:aux|a la|en)",
    r"(?:marre|ras le bol|assez|plein le dos|raz le bol|stop) (?:\w+ ){0,3}?(?:demarch\w*|"
    r"telemarketing|pub\w*|panneaux|isolation|(?:ce|ces) (?:genre|type)s?)|encore (?:du |"
    r"un )?(?:demarch\w*|telemarketing|une pub|un demarcheur)|vous etes tous (?:les memes|"
    r"pareil\w*)|tous (?:les memes|pareils)|(?:vous|on) m avez? deja (?:r?appel|contact|"
    r"demand)\w*",
    r"(?:aime|apprecie|reponds|supporte) (?:pas|jamais|plus) (?:\w+ ){0,4}?(?:demarch\w+|"
    r"telephone|ce genre|vos methodes|methodes|appels?)",
)

# ---------------------------------------------------------------- questions
_OPEN = (
    r"^(?:(?:oui|non|ok|et|mais|alors|donc|bonjour|bonsoir|allo|madame|monsieur|pardon|"
    r"excusez moi|attendez|d accord|c est bien beau|bon|merci|sinon|par contre|la|puis|apres|"
    r"enfin|ecoutez|dites moi|dites|je vous ecoute|je veux bien|je voudrais savoir|je me demande|"
    r"juste|j en ai un|tres bien|concretement|exactement|en gros) )*"
)
_ASKS = (
    r"(?:qu est ce (?:qu\w*|que)|est ce (?:qu\w*|que)|pourquoi(?! pas)|combien|"
    r"comment(?! (?:vous )?dire)|quels?|quelles?|lequel|laquelle|(?:a|de|en|pour|sur|avec|chez|"
    r"par|dans) (?:quoi|qui|quels?|quelles?|combien)|d ou|ou (?:est|etes|sont|ca|se|vous|on|avez|"
    r"puis|peut|trouve|je)|qui (?:est|etes|c est|a|m|vous|peut|me|va|ca|sont|appelle|t)|"
    r"quand est ce|que (?:faites|voulez|proposez|vendez|se passe|dois|devien\w+|font|fait|va|"
    r"peut|puis|sont|represente)|qu (?:avez|est|y)|et si|et (?:apres|ensuite)$)"
)
_INVERTED = (
    r"(?:avez|etes|faites|pouvez|pourriez|voulez|proposez|allez|savez|travaillez|appelez|"
    r"connaissez|vendez|prenez|gardez|garantissez|cherchez|demandez|offrez|auriez|seriez|"
    r"disposez|acceptez) vous|(?:puis|pourrais|peux|dois|ai|suis|vais|aurais) je|(?:peut|doit|va|"
    r"faut|est|sera|a t|y a t|existe t|va t|aura t|y aura t|sont) (?:il|elle|on|ils|elles|"
    r"ce)\b(?! que je r)"
)
QUESTION = re.compile(
    rf"{_OPEN}(?:{_ASKS}|{_INVERTED})\b"
    r"|\b(?:c est|c etait|ce serait|vous etes|t es|ca sert a|ca fait|ca veut dire|faut|il faut|"
    r"vous avez|vous voulez|tu veux|ca consiste en|ca marche|ca coute|ca fait|ca) (?:a |pour |"
    r"en |de |chez |d |avec |dans |sur )?(?:quoi|qui|combien|ou|comment|quand|quels?|quelles?|"
    r"lequel)\b(?! que ce soit)(?! (?:je|il|elle) )|\b(?:vous|tu|ca|on|je|c|il|elle|t|m|faut|est|"
    r"frais|appel\w+|donnees|numero|rapporte|dure|durer|engage|coute|marche|affaire|"
    r"argent) (?:\w+ ){0,5}?(?:pourquoi|comment|combien(?: de temps| par mois| par an)?|d ou|"
    r"a qui|de quoi|pour quoi|a quoi|avec qui|pour qui|par qui|en quoi|chez qui|quand|"
    r"quoi comme \w+|combien \w+)$|\b(?:appelez|venez|sortez|avez|etes|vendez|voulez|proposez|"
    r"cherchez|faites|situee?s?|basee?s?|donnez|racontez|demandez) (?:\w+ ){0,3}?(?:quoi|ou|"
    r"qui)$|\b(?:qu est ce que|est ce que|c est quoi|qui (?:vous )?(?:a|etes|est a|m)|d ou vous|"
    r"combien (?:ca|de temps|je|on|vous|coute|par)|comment (?:ca|on|je|vous(?! dire)|avez|se|est|"
    r"faire|fonctionne|faites)|pourquoi (?:vous|moi|ca|je|on|m)|a quoi (?:ca|bon)|"
    r"de la part de (?:qui|quoi|quel\w*))\b|\b(?:savoir|demander|connaitre|dire|expliquer|"
    r"comprendre) (?:un peu |plus |mieux )?(?:qui|ce que|ce qu|combien|comment|pourquoi|a quel|"
    r"si|ou|quel\w*|d ou|en quoi|de quoi|le (?:prix|but|tarif|motif|taux)|la raison|l objet)\b|"
    r"\b(?:dites|expliquez|precisez) (?:moi |nous )?(?:donc |un peu |deja |d abord )?(?:qui|"
    r"ce que|ce qu|combien|comment|pourquoi|ou|quel\w*|en quoi)\b|\b(?:vous pouvez|pouvez vous|"
    r"tu peux|vous pourriez) (?:m |me |nous )?(?:en )?(?:expliquer|dire (?:plus|ce|qui|quel)|"
    r"preciser|detailler|donner (?:plus|des|le|un))|\bune (?:petite )?question\b(?! piege)|"
    r"\bplus (?:d infos?|d informations?|de (?:details?|renseignements?|precisions?))"
)
# Statement order, question meaning: what a prospect would hardly tell the agent.
QUESTION_WEAK = re.compile(
    r"\bcombien\b|\b(?:rappel|redonn|redit|donn|redis)\w* (?:moi )?(?:votre|vos|le) (?:nom|"
    r"prenom|societe|numero|entreprise|nom de)|\b(?:passe|dit|fais|faire|apporte|veut dire|"
    r"change|fait|propose|contient|comprend) quoi\b|\bcombien\b|\bou (?:pas|quoi|non)$|\b(?:le|"
    r"la|les|votre|vos) \w+ (?:est|sont) \w+ ou \w+$|"
    rf"{_OPEN}(?:"
    r"vous (?:m |me |nous |vous |y |en |le |la )?(?!tombez|perdez|gaspillez|derangez|parlez|"
    r"insistez|exagerez|revez|racontez|dites|repetez|trompez)\w+ez(?! (?:raison|pas|gentil\w*|"
    r"tres gentil\w*|aimable|\w+ trop))|et (?:le|la|les|votre|vos) \w+$|y en a pour|"
    r"quelqu un (?:va|vient|passe|peut)|(?:mon|mes|votre|vos) \w+ (?:vous )?(?:l |"
    r"les )?avez (?:eue?s?|trouvee?s?|prise?s?) |(?:vous|tu) (?:etes|es|avez|faites|proposez|"
    r"vendez|travaillez|appelez|m appelez|m avez|allez|gardez|connaissez|respectez|garantissez|"
    r"prenez|cherchez|representez|voulez|demandez|offrez|remboursez|livrez|vous occupez|"
    r"intervenez|gagnez|touchez|assurez|acceptez|savez|pensez|enregistrez|revendez)(?! (?:raison|"
    r"pas raison|gentil\w*|tres gentil\w*|aimable|bien aimable|drole|mignon\w*|pas compris|"
    r"\w+ trop))|c est (?:\w+ )?(?:gratuit|payant|obligatoire|legal|serieux|fiable|securise|"
    r"rembours\w+|deductible|garanti\w*|du demarchage|un (?:robot|repondeur|enregistrement|"
    r"humain|vrai|sondage|contrat|abonnement|appel|homme|ordinateur|bot|credit|organisme)|"
    r"une (?:machine|banque|assurance|vraie|femme|pub|societe|entreprise|intelligence|voix|offre|"
    r"vente|enquete|ia)|pour (?:une?|les|l|des|du|ca|quel\w*|vendre|mon|ma|le|la|de|faire|me)|"
    r"de la part|votre|sans (?:engagement|frais|risque)|de l energie|fixe|variable|compris|"
    r"quelle|long|bien (?:gratuit|sur que)|vraiment|a partir de|cumulable|enregistre|reglemente|"
    r"regule|certifie|ouvert|assure|accessible|reserve|bien (?:la|le|une?|ma|vous|pour)|"
    r"un automate|une? \w+ ou une? \w+|pas (?:payant|dangereux|un peu|risque)|imposable|"
    r"negociable|combien|possible de|l etat|edf|engie)|(?:ca|cela|l offre|la simulation|le prix|"
    r"l appel|le rendez vous|mes (?!parents|enfants)\w+|mon (?!mari|pere|frere|fils|voisin|beau|"
    r"ami|patron|chef|conseiller|banquier)\w+|l assurance|la conversation|votre \w+|"
    r"vos \w+) (?!c est)(?:\w+ )?(?:m engage|dure|va durer|va prendre|prend|coute|rapporte|est|"
    r"sont|fonctionne|marche|comprend|inclut|couvre|passe|change|convient|concerne|"
    r"vient)(?! (?:pas|plus|rien|moi|bien|le coup))(?: \w+)+|(?:y a|y aura|"
    r"y aurait) (?:t il )?(?:des|un|une|combien|quoi|quel\w*|pas de|"
    r"d autres)(?! (?:\w+ )?(?:probleme|souci|erreur|inconvenient))|(?:faut|faudra|je dois|"
    r"on doit|je devrai|faudrait) (?:\w+ )?(?:payer|changer|fournir|signer|donner|faire|envoyer|"
    r"remplir|prevoir|avancer|verser|etre|avoir|investir)|(?:je peux|on peut|je pourrais|"
    r"je pourrai|on pourra) (?:\w+ ){0,2}?(?:savoir|demander|connaitre|avoir|arreter|changer|"
    r"retirer|resilier|recuperer|rembourser|annuler|perdre|gagner|obtenir|economiser|cumuler|"
    r"commencer|revenir|vous (?:faire confiance|poser))|je parle (?:bien )?(?:a|avec)|"
    r"j ai affaire|j ai droit|je m engage|je (?:suis|serai|serais) (?:oblige|engage)|(?:l appel|"
    r"on|je) (?:est|suis) enregistre|t es|(?:quelle? )(?:\w+)$)\b"
)
