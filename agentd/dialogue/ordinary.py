"""What people answer that is no objection and no question: the matcher must leave it alone. Pure.

Written for the matcher to learn what to abstain on, by kind of answer. Fragments of them in a
longer sentence say nothing either, so a few words of each kind are enough. A slash parts them.
"""

ORDINARY = tuple(
    line
    for block in (
        # yes, no, perhaps
        """oui oui bien sûr / oui si vous voulez / oui je suis d'accord avec vous /
        oui c'est exact / oui effectivement / oui ça peut m'intéresser / oui ça m'intéresserait /
        oui pourquoi pas après tout / oui j'en ai déjà un / oui on en a une / oui j'ai ça /
        oui c'est le cas / oui ça me convient / ça me convient / ça me va très bien /
        c'est bon pour moi / c'est d'accord / c'est ça / c'est vrai / c'est juste /
        c'est bien moi / c'est moi-même / c'est parfait / c'est très bien / c'est super /
        c'est noté merci / c'est gentil / c'est intéressant / c'est pas mal / c'est compris /
        j'ai compris / je comprends bien / je vois ce que vous voulez dire / pas de problème /
        pas de souci / avec grand plaisir / allez-y je vous écoute /
        allez-y posez votre question / dites-moi tout / continuez / on peut continuer /
        vous pouvez y aller / je vous en prie / bien entendu / tout à fait d'accord /
        absolument oui / carrément / évidemment que oui / volontiers merci / non pas vraiment /
        non pas du tout / non pas encore / non on en a pas / non je n'ai pas ça /
        non plus maintenant / non c'est pas moi / non c'est mon frère / non c'est sa fille /
        pas pour le moment / pas spécialement / pas forcément / pas tellement / pas trop /
        pas tout de suite / sans façon / jamais de la vie / je pense pas / je pense que oui /
        je crois bien / il me semble / peut-être bien / ça dépend de quoi on parle / je sais pas /
        j'en sais rien / j'en sais trop rien / aucune idée / je suis pas sûr / un peu oui /
        un petit peu / bof / ni l'un ni l'autre / le premier des deux / plutôt le second /
        oui une fois / oui il y a longtemps / oui depuis peu / oui quelques-uns / oui plusieurs""",
        # the contrary of an objection, and what is only near one
        """je suis intéressé / ça m'intéresse / ça m'intéresse votre offre / ça nous intéresse /
        ça peut m'être utile / ça me serait utile / c'est utile / je vois l'intérêt /
        c'est pas risqué / c'est rentable alors / c'est pas compliqué / c'est simple /
        j'y connais quelque chose / je comprends comment ça marche / c'est le bon moment /
        c'est pas trop tard / j'ai pas de banque attitrée / je suis pas content de ma banque /
        je suis pas engagé / je suis libre de changer / je suis pas locataire /
        je vais pas déménager / on déménage pas / j'ai jamais perdu d'argent / j'ai pas peur /
        je suis pas trop vieux / je suis encore jeune / c'est pas une arnaque je vous crois /
        ça pollue pas / les taux sont bons / vos taux sont intéressants / les prix ont baissé /
        oui je suis intéressée / ça m'intéresse beaucoup / ça m'intéresse bien votre affaire /
        je serais intéressé / j'ai rien contre / j'ai aucune objection / j'ai le temps /
        oui j'ai cinq minutes / j'ai tout mon temps / je suis disponible maintenant /
        c'est pas cher / c'est un bon prix / c'est raisonnable / j'en ai besoin /
        oui j'en aurais besoin / j'ai confiance / je vous fais confiance / c'est sérieux /
        je suis décidé / c'est tout réfléchi / j'ai bien réfléchi / ma femme est d'accord /
        mon mari est d'accord aussi / on en a parlé avec ma femme / j'ai reçu votre mail /
        oui envoyez / faites la simulation / je veux bien une simulation /
        d'accord pour une étude / on peut faire la simulation / oui pour le rendez-vous /
        un conseiller peut me rappeler / oui qu'il m'appelle / j'ai fini de payer mon crédit /
        j'ai tout remboursé / j'ai pas de crédit / je n'ai aucun crédit en cours /
        on a plus de crédit / non plus de prêt / j'ai de l'argent de côté /
        j'ai un peu d'argent à placer / non je loue pas / on a pas de panneaux /
        j'ai pas de fournisseur attitré / j'ai pas de plateforme / je connais un peu /
        je m'y connais un peu / je connais bien / oui je connais les risques /
        je prends le risque / je veux rien / je veux pas / je refuse / j'ai pas envie /
        je préfère pas / je peux pas vous dire / je peux pas vous le dire / ça va aller /
        ça suffira / c'est toujours non / aucun / rien du tout / moyennement / plus ou moins /
        comme vous voulez / faites comme vous voulez / ça roule / dites toujours / on verra bien /
        une autre fois / à un autre moment / insistez pas / ça sert à rien d'insister / si /
        mais si / si on veut / si quand même / je dis oui / je vous dis oui / je vous ai dit non /
        j'ai dit oui / aucunement / faut voir / à voir / c'est à voir / vous avez raison /
        désolé non / je suis pas pour / je suis preneur / ok pour moi / bon pour moi / jamais eu /
        j'en ai jamais eu / j'ai pas d'avis / ça se discute / oui si c'est rapide /
        j'en ai un à la bnp / j'en ai deux / d'accord pour la simulation""",
        # when
        """demain matin / demain vers onze heures / demain à quinze heures / après-demain /
        lundi prochain / mercredi après-midi / vendredi en fin de matinée / plutôt le soir /
        plutôt l'après-midi / le matin de préférence / à partir de dix-sept heures /
        après vingt heures / avant midi / entre midi et deux / à seize heures trente /
        dans une demi-heure / dans deux jours / la semaine d'après / en début de semaine /
        le mois prochain / le vingt-deux avril / jeudi ça me convient / mardi c'est bon /
        je suis libre samedi / je suis disponible le soir / rappelez-moi ce soir /
        rappelez lundi / vous pouvez me rappeler plus tard / je vous rappellerai /
        je suis là toute la journée""",
        # who, where, household and work
        """je m'appelle durand / moi c'est sophie / monsieur petit / madame moreau à l'appareil /
        c'est monsieur robert / d u p o n t / ça s'écrit avec deux l / j'habite à nantes /
        on habite près de lille / je vis à la campagne / en banlieue parisienne / dans le nord /
        trente-trois mille bordeaux / au quatre avenue de la gare / je suis marié deux enfants /
        je suis divorcée / je suis veuf / je suis célibataire / on est cinq dans la maison /
        on vit à deux / j'ai trois enfants / ma fille vit avec moi / mon mari va bien merci /
        mes enfants sont grands / j'ai trente-cinq ans / j'ai cinquante et un ans /
        soixante-deux ans / j'ai soixante-cinq ans / quarante-huit ans /
        je suis né en cinquante-huit / je suis à la retraite depuis deux ans / retraité /
        cadre à la retraite / je suis né en soixante-dix / je suis retraitée de la poste /
        je suis salarié / je suis en cdi / je suis fonctionnaire / je suis professeur /
        je suis chauffeur / je suis commerçant / je suis au chômage / je suis étudiant /
        je suis libéral / je travaille dans le bâtiment / je travaille à la mairie /
        je bosse à l'hôpital / j'ai une petite entreprise / je suis propriétaire de ma maison /
        on est propriétaires / c'est une maison de cent mètres carrés /
        c'est un appartement de trois pièces / une maison de plain-pied / un pavillon /
        au deuxième étage / elle date de mille neuf cent quatre-vingts /
        on l'a achetée en deux mille douze""",
        # what they have, and how much
        """trois cents euros / quinze mille euros / environ mille cinq cents euros par mois /
        à peu près deux cents euros / cent mille / entre vingt et trente mille /
        dans les deux mille / quatre-vingts euros tous les mois / sur quinze ans /
        il reste huit ans / pendant dix ans / depuis trois ans / ça fait cinq ans / l'an dernier /
        un crédit auto / un prêt immobilier oui / oui à la caisse d'épargne /
        à la banque postale / j'ai un livret / j'ai un pel et une assurance vie /
        un peu d'épargne / j'ai un peu de bitcoin / oui un petit peu de crypto /
        je regarde de temps en temps / je m'y intéresse un peu / on se chauffe au gaz /
        on est à l'électricité / on a une chaudière au fioul / un poêle à granulés /
        un chauffe-eau / des radiateurs électriques / tout électrique / on a le gaz de ville /
        c'est au nom de ma femme / c'est à mon nom""",
        # the line, the moment, politeness
        """allô / allô oui / allô bonjour / bonjour monsieur / bonsoir /
        oui c'est pour quoi faire / je vous entends mal / je vous entends bien / ça coupe /
        la ligne est mauvaise / vous m'entendez / répétez s'il vous plaît /
        j'ai pas compris la question / qu'est-ce que vous avez dit / comment vous dites /
        pardon madame / plus lentement s'il vous plaît / attendez deux secondes /
        attendez je cherche mes lunettes / une minute on sonne à la porte / je reviens /
        ne quittez pas je vous prie / me voilà / je suis là / je note / j'ai un stylo /
        mon adresse mail c'est / mon numéro c'est le zéro six / merci bien / merci à vous /
        merci de votre appel / bonne soirée / au revoir madame / à demain /
        à la semaine prochaine / vous aussi / pareillement / tais-toi le chien /
        les enfants taisez-vous / il fait chaud aujourd'hui / j'éteins la radio /
        euh alors voyons voir / ben écoutez / voilà voilà / alors là / hein / quoi /
        vous vous trompez de numéro / c'est une erreur / j'entends rien du tout /
        vous parlez trop vite / parlez plus fort je vous entends mal /
        je comprends pas ce que vous dites / je comprends pas la question /
        qu'est-ce que vous me demandiez / c'est-à-dire / comment ça / et donc / et alors /
        n'importe quoi / grave / présent / impossible / je vais raccrocher / je vous laisse /
        je vous passe ma femme / ma femme arrive / attendez je demande à ma femme où c'est /
        mon mari est à côté / la télé est allumée / il y a du bruit ici / on sonne à la porte /
        je vous avais perdu / je vous ai perdu / encore / encore une fois / vous êtes là /
        vous êtes toujours là / vous êtes hachée / je comprends pas /
        je comprends rien à ce que vous racontez / vous me demandez quoi /
        qu'est-ce que tu racontes / un instant / attends / bougez pas / tu viens maman /
        le dîner est prêt / voilà le facteur / on va s'arrêter là /
        je vais vous laisser maintenant / on se rappelle / faux numéro / c'est un mauvais numéro /
        vous avez pas le bon numéro / vous avez composé un autre numéro /
        ce n'est plus son numéro de téléphone / il n'a plus ce numéro /
        je viens d'avoir ce numéro / c'est le numéro d'une entreprise / connais pas /
        je connais personne de ce nom / je connais pas ce monsieur / ce nom me dit rien /
        personne s'appelle comme ça / elle a déménagé / ils ont déménagé depuis longtemps /
        il habite plus ici / il travaille plus chez nous / il est parti de l'entreprise /
        elle est décédée / mon mari est mort / je suis son mari / je suis sa femme /
        je suis sa voisine / je suis son aide à domicile / c'est pas à moi qu'il faut demander /
        c'est sa mère que vous cherchez / c'est pas la personne que vous demandez /
        vous êtes tombé chez quelqu'un d'autre / il fait plus partie de la maison / vous disiez /
        qu'est-ce que vous disiez déjà / qu'est-ce que vous venez de me dire /
        qu'est-ce que tu me dis / c'était quoi la question / deux minutes / deux minutes alors /
        faites-moi rappeler par quelqu'un / on passe à table / ça a coupé /
        il y a personne de ce nom ici / ne m'appelez plus / enlevez-moi de votre liste""",
        # themselves, their home, their work, small talk
        """je suis commerçant / je suis fonctionnaire / mon mari est maçon /
        ma femme est institutrice /
        je suis divorcée / je suis veuf / mes enfants sont grands / j'ai un chien / j'ai un jardin /
        mon adresse c'est rue de la gare / mon adresse c'est avenue foch / j'habite à nantes /
        c'est un pavillon / c'est un appartement au troisième / c'est une maison ancienne /
        il y a quatre pièces / on a fait construire / on a acheté sur plan /
        c'était il y a longtemps / c'était l'année dernière / c'était en deux mille dix /
        ça fait longtemps qu'on habite là / ça fait dix ans qu'on est là /
        il nous reste douze ans à rembourser / il me reste cinq ans / sur vingt-cinq ans /
        au crédit agricole / à la caisse d'épargne / à la société générale / chez ma banque oui /
        vous avez une belle voix / vous avez un accent / vous parlez bien / vous êtes aimable /
        vous êtes patiente / il fait beau ici / il pleut chez nous / comment allez-vous /
        je regardais la télé / je prends un stylo / je mets mes lunettes / je cherche mes papiers /
        je vous passe ma femme / je l'ai sous les yeux /
        mon nom s'écrit avec deux n /
        c'est ma résidence principale / c'est une résidence secondaire / on se chauffe au bois /
        on se chauffe au gaz / on est trois au foyer / je fais du télétravail /
        mon épouse est avocate /
        mon mari est cuisinier / je range les courses / je fais le ménage / mon prénom c'est paul /
        mon nom c'est durand / je reçois ma facture par mail / j'ai signé chez le notaire /
        vous avez l'air gentille / vous avez une voix douce / vous avez une jolie voix /
        j'en ai un peu /
        oui un peu d'ethereum / environ cinq cents euros / je ne sais plus combien exactement""",
    )
    for line in (" ".join(words.split()) for words in block.split("/"))
)
