"""Whisper through CTranslate2: the recogniser that comes with agentd.

It does not stream: an utterance is decoded when it pauses, and again if it goes on. The window is
cut to the utterance (Whisper's own is 30 s: four times slower), and the free decoding is checked
against the answers expected here (`candidates`).
"""

import math
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentd.errors import SpeechError
from agentd.speech import candidates as cand
from agentd.speech import vowels
from agentd.speech.recogniser import NOTHING, RATE_HZ, Heard, Samples

BEAM = 5
MIN_WINDOW_S, MAX_WINDOW_S, TAIL_S = 4.0, 28.0, 1.5
FRAMES_PER_S = 100  # of the log-mel features
TOKENS_PER_S = 8  # nobody speaks faster; more is a decoder going round in circles
SHORTEST_CLEANED_S = 1.1
GLANCE_S = 6.0  # of speech that goes on, looked at
# Candidates are scored BATCH at a time, the likeliest first, at most MOST, until one is ENOUGH: 147
# utterances came out as with all of theirs (38 each), 11 each scored.
BATCH, MOST, ENOUGH = 8, 16, -0.5
NEAREST, EXPECTED, OBJECTIONS = 6, 10, 3  # phrases worth scoring
ALIKE = 72  # percent of sound
DOUBTFUL = 0.4  # the same for a candidate of another length
POSSIBLE = 0.25  # mean p a token from which a free decoding may be what was said
# Mean p a token from which a free decoding that sounds exactly like a known phrase is that phrase:
# 48 of 164 were such, and all 48 meant what was said. It saves scoring the candidates, 320 ms.
SURE_SAME = 0.5
SURE = 0.6  # mean p a token of a free decoding that only a clear candidate overrules
# Mean p a token from which a free decoding of some words is believed as it stands.
PLAIN, PLAIN_WORDS = 0.78, 3
# What a syllable with its vowel adds to the score of "oui" or "non", and the other one takes off:
# of 104 renderings 97 are right and none wrong (85 and 4 without); "hein" is no surer a "non".
VOWEL, OTHER_VOWEL = 0.5, 2.5
SILENCE_AROUND_S = 0.4  # an utterance's lead, and the pause that ended it
SILENCE = 200 / 32768  # peak under which there is nothing to decode

# What was said before, for the decoder: 164 phrases of a call were written word for word .49 of the
# times without it, .55 with it.
_BEFORE = (
    " Allô ? Bonjour, je vous appelle de la banque. Oui, je vous écoute. Non merci, ça ne "
    "m'intéresse pas. C'est trop cher. Rappelez-moi demain. Qui êtes-vous ?"
)

# What Whisper writes for noise and music: subtitles it was trained on.
_PHANTOMS = (
    "sous-titr", "sous titr", "soustitr", "amara", "radio-canada", "merci d'avoir regard",
    "abonnez-vous", "vous abonner", "cette vidéo", "prochaine vidéo", "la chaîne", "www.", "http",
    "♪", "[musique", "(musique", "musique de", "générique",
)  # fmt: skip
_FOREIGN = ("thank you", "thanks for watching", "you", "bye", "bye bye", "the end", "so", "okay")


class WhisperRecogniser:
    """One model for the process; decoding is thread-safe inside CTranslate2."""

    streaming = False

    def __init__(self, folder: Path, floor: float, *, parallel: int = 2) -> None:
        self._folder = folder
        self._floor = floor
        self._parallel = parallel
        self._lock = threading.Lock()
        self._model: Any = None
        self._tokens: dict[str, list[int]] = {}
        self._priors: dict[str, float] = {}
        self._noise: NDArray[np.float32] | None = None

    @property
    def name(self) -> str:
        """Engine and model."""
        return f"whisper ({self._folder.name}, int8)"

    def warm(self) -> None:
        """Load the model and the priors of the common answers: 2 to 3 s."""
        with self._lock:
            if self._model is not None:
                return
            from faster_whisper import WhisperModel
            from faster_whisper.tokenizer import Tokenizer

            try:
                model = WhisperModel(
                    str(self._folder),
                    device="cpu",
                    compute_type="int8",
                    cpu_threads=1,
                    num_workers=self._parallel,
                    local_files_only=True,
                )
            except (RuntimeError, ValueError, OSError) as error:
                raise SpeechError(
                    f"the Whisper model in {self._folder} cannot be loaded: {error}",
                    mend="agentd models fetch whisper-base --force",
                ) from None
            self._tokenizer = Tokenizer(
                model.hf_tokenizer, multilingual=True, task="transcribe", language="fr"
            )
            before = self._tokenizer.encode(_BEFORE)
            self._prompt = model.get_prompt(self._tokenizer, before, without_timestamps=True)
            self._model = model
            noise = np.random.default_rng(3).normal(0, 0.003, int(RATE_HZ * MIN_WINDOW_S))
            self._noise = self._encode(noise.astype(np.float32))
        self._learn(cand.COMMON)
        self.decode(np.zeros(RATE_HZ // 2, np.int16) + 300, (), ())

    def stream(self, vocabulary: Sequence[str] = ()) -> "WhisperStream":
        """A new stream; `vocabulary` is looked through for what sounds like each utterance."""
        return WhisperStream(self, vocabulary)

    def decode(
        self, utterance: Samples, phrases: Sequence[str], vocabulary: Sequence[str]
    ) -> Heard:
        """What was said. Native work: 150 to 500 ms for 2 s of speech on one core."""
        if self._model is None:
            raise SpeechError("the recogniser was not warmed")
        audio = (utterance[: int(MAX_WINDOW_S * RATE_HZ)] / np.float32(32768)).astype(np.float32)
        peak = float(np.abs(audio).max()) if audio.size else 0.0
        if peak < SILENCE or not _has_voice(audio):
            return NOTHING
        clean = _denoise((audio * (0.9 / peak)).astype(np.float32))
        encoded = self._encode(_widen(clean))
        seconds = audio.size / RATE_HZ
        voiced = max(0.2, seconds - SILENCE_AROUND_S)
        hypotheses, mean = self._free(encoded, seconds)
        free = hypotheses[0] if hypotheses else ""
        expected = cand.same((*phrases, *cand.COMMON, *vocabulary), free)
        vowel = vowels.rise(audio)
        heard = {"oui": _leaning(vowel), "non": _leaning(-vowel)}
        if expected and math.exp(mean) > SURE_SAME and heard.get(expected, 0.0) >= 0.0:
            return Heard(expected, round(math.sqrt(math.exp(mean)), 3), tuple(hypotheses))
        known = cand.alike((*vocabulary, *phrases, *cand.COMMON), free) if free else ""
        if known and math.exp(mean) > SURE:
            return Heard(known, round(math.sqrt(math.exp(mean)), 3), (free, *hypotheses[1:]))
        if math.exp(mean) > PLAIN and not is_phantom(free) and len(free.split()) >= PLAIN_WORDS:
            return Heard(free, round(math.exp(mean), 3), tuple(hypotheses[1:]))
        possible = cand.plausible(phrases, voiced)
        trust = min(1.0, math.exp(mean) / SURE)
        # What was written badly says little about what was said.
        most = EXPECTED if trust == 1.0 else 2 * EXPECTED
        possible += cand.shortlist(cand.plausible(cand.COMMON, voiced), hypotheses, most)
        possible += cand.nearest(vocabulary, hypotheses, NEAREST)
        possible += cand.objections(vocabulary, hypotheses, OBJECTIONS)
        bonuses = {c: trust * cand.bonus(c, hypotheses) for c in cand.distinct(possible)}
        scored = self._rank(encoded, {c: b + heard.get(c, 0.0) for c, b in bonuses.items()})
        return choose(free, mean, hypotheses, scored, self._floor, known)

    def glance(self, utterance: Samples) -> str:
        """What seems to be said, unchecked. Native work: 100 to 400 ms."""
        if self._model is None:
            raise SpeechError("the recogniser was not warmed")
        audio = (utterance / np.float32(32768)).astype(np.float32)
        peak = float(np.abs(audio).max()) if audio.size else 0.0
        if peak < SILENCE or not _has_voice(audio):
            return ""
        clean = _denoise((audio * (0.9 / peak)).astype(np.float32))
        hypotheses, mean = self._free(self._encode(_widen(clean)), audio.size / RATE_HZ)
        text = hypotheses[0] if hypotheses else ""
        return "" if math.exp(mean) < POSSIBLE or is_phantom(text) else text

    # -- native -----------------------------------------------------------------------------

    def _encode(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Encoder output, shape (1, frames / 2, 512)."""
        import ctranslate2

        window = min(MAX_WINDOW_S, max(MIN_WINDOW_S, audio.size / RATE_HZ + TAIL_S))
        frames = int(window * FRAMES_PER_S)
        features = self._model.feature_extractor(audio)[:, :frames]
        missing = frames - features.shape[1]
        if missing > 0:
            features = np.pad(features, ((0, 0), (0, missing)))
        view = ctranslate2.StorageView.from_array(
            np.ascontiguousarray(features[None], dtype=np.float32)
        )
        encoded: NDArray[np.float32] = np.array(self._model.model.encode(view))
        return encoded

    def _free(self, encoded: NDArray[np.float32], seconds: float) -> tuple[list[str], float]:
        """Readings without any expectation, best first, and the mean log p of the best."""
        import ctranslate2

        result = self._model.model.generate(
            ctranslate2.StorageView.from_array(encoded),
            [self._prompt],
            beam_size=BEAM,
            num_hypotheses=3,
            no_repeat_ngram_size=3,
            max_length=len(self._prompt) + 6 + int(seconds * TOKENS_PER_S),
            return_scores=True,
            suppress_blank=True,
        )[0]
        texts = [tidy(self._tokenizer.decode(ids)) for ids in result.sequences_ids]
        return [t for t in dict.fromkeys(texts) if t], float(result.scores[0])

    def _rank(
        self, encoded: NDArray[np.float32], bonuses: dict[str, float]
    ) -> list[tuple[float, str]]:
        """(score with bonus, text) of candidates, best first; those that are looked at."""
        likely = sorted(bonuses, key=lambda c: -bonuses[c] - cand.FREQUENT.get(c, 0.0))[:MOST]
        ranked: list[tuple[float, str]] = []
        for start in range(0, len(likely), BATCH):
            part = self._score(encoded, likely[start : start + BATCH])
            ranked = sorted([*ranked, *((s + bonuses[t], t) for s, t in part)], reverse=True)
            if ranked[0][0] > ENOUGH:
                break
        return ranked

    def _score(self, encoded: NDArray[np.float32], texts: list[str]) -> list[tuple[float, str]]:
        """(score, text) of each candidate; see `candidates` for the score."""
        self._learn(texts)
        sums = self._likelihoods(encoded, texts)
        return [
            (
                (sums[t] - cand.PRIOR * self._priors[t]) / math.sqrt(len(self._tokens[t]))
                + cand.FREQUENT.get(t, 0.0),
                t,
            )
            for t in texts
        ]

    def _learn(self, texts: Sequence[str]) -> None:
        """Priors of texts not seen before, kept for ever: phrases are few."""
        new = [t for t in texts if t not in self._priors]
        for text in new:
            said = " " + text[:1].upper() + text[1:].rstrip(".?! ") + "."
            self._tokens[text] = self._tokenizer.encode(said)
        if new:
            assert self._noise is not None
            self._priors.update(self._likelihoods(self._noise, new))

    def _likelihoods(self, encoded: NDArray[np.float32], texts: Sequence[str]) -> dict[str, float]:
        import ctranslate2

        sums: dict[str, float] = {}
        ordered = sorted(texts, key=lambda t: len(self._tokens[t]))  # little padding in a batch
        frames = encoded.shape[1] * 2
        for start in range(0, len(ordered), BATCH):
            part = ordered[start : start + BATCH]
            aligned = self._model.model.align(
                ctranslate2.StorageView.from_array(np.repeat(encoded, len(part), axis=0)),
                list(self._tokenizer.sot_sequence),
                [self._tokens[t] for t in part],
                num_frames=[frames] * len(part),
            )
            for text, one in zip(part, aligned, strict=True):
                sums[text] = float(np.log(np.maximum(one.text_token_probs, 1e-9)).sum())
        return sums


class WhisperStream:
    """One call: what it expects, and the last decoding, reused when nothing came after it."""

    def __init__(self, recogniser: WhisperRecogniser, vocabulary: Sequence[str]) -> None:
        self._recogniser = recogniser
        self._vocabulary = tuple(vocabulary)
        self._phrases: tuple[str, ...] = ()
        self._last: tuple[int, Heard] | None = None

    def expect(self, phrases: Sequence[str]) -> None:
        """Answers likely next, scored against the sound."""
        self._phrases = tuple(phrases)

    def partial(self, utterance: Samples) -> str:
        """The last seconds as they are written freely, which takes half of `speculate`'s time."""
        return self._recogniser.glance(utterance[-int(GLANCE_S * RATE_HZ) :])

    def speculate(self, utterance: Samples) -> Heard:
        """Decode now; `final` over the same samples is then free."""
        heard = self._recogniser.decode(utterance, self._phrases, self._vocabulary)
        self._last = (utterance.size, heard)
        return heard

    def final(self, utterance: Samples) -> Heard:
        """Decode, unless that was just done."""
        last, self._last = self._last, None
        if last is not None and last[0] == utterance.size:
            return last[1]
        return self._recogniser.decode(utterance, self._phrases, self._vocabulary)

    def close(self) -> None:
        """Nothing is held."""


def choose(
    free: str,
    mean: float,
    hypotheses: Sequence[str],
    scored: Sequence[tuple[float, str]],
    floor: float,
    known: str = "",
) -> Heard:
    """Between the free decoding and the best candidate; below `floor` nothing was understood.

    mean: mean log p a token of `free`. scored: (score, candidate), best first. known: `free` with a
    phrase that sounds the same written out.
    """
    sure = math.exp(mean) if free and not is_phantom(free) else 0.0
    best = scored[0] if scored else (-math.inf, "")
    # What was written is believed, unless it only sounds like an answer people give here; written
    # words may be wrong, but there are rarely three syllables too many or too few.
    apart = abs(cand.syllables(best[1]) - cand.syllables(free)) >= 3
    readable = sure > (DOUBTFUL if apart else SURE)
    if best[1] and cand.resemblance(best[1], [free]) > ALIKE:
        readable = False
    if known and readable and best[0] < 0:
        chosen = Heard(known, round(math.sqrt(sure), 3), (free, *hypotheses[1:]))
    elif best[0] > cand.ACCEPT and not (readable and best[0] < 0):
        rivals = ((s, t) for s, t in scored[1:] if not _contained(t, best[1]))
        rival, other = next(rivals, (-math.inf, ""))
        # A yes taken for a no is the one mistake that cannot be mended later in the call.
        opposed = {best[1], other} <= {"oui", "non"}
        doubt = 0.9 * math.exp(-max(0.0, best[0] - rival) / (1.6 if opposed else 0.8))
        confidence = (1 - doubt) / (1 + math.exp(-(best[0] - cand.ACCEPT)))
        others = [t for s, t in scored[1:4] if s > max(cand.ACCEPT, best[0] - 1.0)]
        chosen = Heard(best[1], round(confidence, 3), (*others, *([free] if sure else [])))
    else:
        chosen = Heard(free, round(sure, 3), tuple(hypotheses[1:]))
    if chosen.confidence >= floor:
        return chosen
    # Not understood; but what it may have been is kept, for what must never be missed.
    doubtful = [best[1]] if best[0] > cand.ACCEPT else []
    doubtful += [free] if sure >= POSSIBLE else []
    return Heard("", chosen.confidence, tuple(doubtful))


def _leaning(vowel: float) -> float:
    return (VOWEL if vowel > 0 else OTHER_VOWEL) * vowel


def is_phantom(text: str) -> bool:
    """Something Whisper writes when nobody speaks."""
    low = text.lower().strip(" .!?")
    return any(p in low for p in _PHANTOMS) or low in _FOREIGN or not any(map(str.isalpha, low))


def tidy(text: str) -> str:
    """One reading: sentences a decoder repeats with small changes are cut to the first."""
    text = " ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
    sentences = [s.strip() for s in text.replace("?", ".").replace("!", ".").split(".")]
    kept: list[str] = []
    for sentence in sentences:
        words = sentence.lower().split()
        if not words:
            continue
        if kept and _overlap(words, kept[-1].lower().split()) > 0.5:
            break
        half = len(words) // 2
        if len(words) >= 2 and len(words) % 2 == 0 and words[:half] == words[half:]:
            sentence = " ".join(sentence.split()[:half])
        kept.append(sentence)
    return ". ".join(kept)


def _overlap(words: list[str], before: list[str]) -> float:
    """Share of `words` that stand in `before` too, or begin alike."""
    same = sum(any(w[:4] == b[:4] for b in before) for w in words)
    return same / len(words)


def _contained(one: str, other: str) -> bool:
    """Two candidates that say the same with more or fewer words are not rivals."""
    a, b = (set(re.findall(r"[\w']+", text.lower())) for text in (one, other))
    return a <= b or b <= a


def _has_voice(audio: NDArray[np.float32]) -> bool:
    """Does anything in it repeat itself as a voice does (70 to 400 Hz)? Noise and clicks do not.

    The autocorrelation of white noise in 40 ms frames is under .35, of telephone speech over .6.
    """
    size = 640
    frames = audio[: audio.size // size * size].reshape(-1, size)
    loud = frames[(frames**2).mean(axis=1) >= 0.1 * (frames**2).mean(axis=1).max(initial=0.0)]
    spectrum = np.abs(np.fft.rfft(loud, 2 * size, axis=1)) ** 2
    alike = np.fft.irfft(spectrum, axis=1)
    lags = slice(RATE_HZ // 400, RATE_HZ // 70)
    peaks = alike[:, lags].max(axis=1) / np.maximum(alike[:, 0], 1e-9)
    return bool(np.percentile(peaks, 80) > 0.45) if peaks.size else False


def _denoise(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The line's steady noise taken off: spectral subtraction, with what is quietest as the noise.

    Noise at -60 dBFS, 38 dB under the voice, is enough to double Whisper's errors on A-law speech:
    word error .60 without, .37 with (20 phrases, one voice).
    """
    size, hop = 512, 128
    if audio.size < RATE_HZ * SHORTEST_CLEANED_S:
        return audio  # too little silence to know the noise by
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    padded = np.pad(audio, (size, size + (-audio.size) % hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    spectrum = np.fft.rfft(frames, axis=1)
    power = np.abs(spectrum) ** 2
    edge = size // hop  # frames that hold padding
    noise = 1.5 * np.percentile(power[edge:-edge], 15, axis=0)
    gain = np.sqrt(np.maximum(1 - 1.5 * noise / np.maximum(power, 1e-12), 0.05**2))
    smooth = np.pad(gain, 1, mode="edge")
    rows = smooth[:-2] + smooth[1:-1] + smooth[2:]
    gain = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    cleaned = np.fft.irfft(spectrum * gain, n=size, axis=1).astype(np.float32) * window
    whole = np.zeros(padded.size, np.float32)
    for number, frame in enumerate(cleaned):
        whole[number * hop : number * hop + size] += frame
    # Hann squared at three quarters overlap adds up to 1.5.
    return (whole[size : size + audio.size] / np.float32(1.5)).astype(np.float32)


def _widen(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give telephone speech an upper band: its lower one folded over 4 kHz.

    Whisper learnt from wide-band sound. On A-law speech of two voices the word error fell from .58
    and .49 to .40 and .35. Speech that has an upper band already is left alone.
    """
    spectrum = np.fft.rfft(audio)
    power = np.abs(spectrum) ** 2
    cut = int(power.size * 4000 / (RATE_HZ / 2))
    if power[int(cut * 1.05) :].sum() > 1e-3 * power.sum():
        return audio
    folded = spectrum.copy()
    width = min(cut, power.size - cut)
    folded[cut : cut + width] = spectrum[cut - width : cut][::-1].conj()
    widened: NDArray[np.float32] = np.fft.irfft(folded, n=audio.size).astype(np.float32)
    return widened
