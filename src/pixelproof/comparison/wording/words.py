"""The catalogue of what a comparison can say, in every language. Numbers are formatted before they enter it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pixelproof.numbers as numbers
from pixelproof.comparison.wording.drift_phrases import DRIFT
from pixelproof.comparison.wording.metric_names import METRICS
from pixelproof.comparison.wording.phrases import REASONS
from pixelproof.comparison.wording.sizes_phrases import SIZES
from pixelproof.comparison.wording.stress_phrases import STRESS
from pixelproof.comparison.wording.unpaired_phrases import UNPAIRED
from pixelproof.languages import Language
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import parted

CATALOGUE: Final[Mapping[str, Mapping[Language, str]]] = {
    "better": {
        "en": "{winner} is better than {loser}: {difference} points {metric} (95% CI {low} to {high}, p {p}); "
        "{wins}; {gain}; {loss}.",
        "zh-Hant": "{winner} 優於 {loser}：{metric}相差 {difference} 個百分點（95% 信賴區間 {low} 至 {high}，p {p}）；"
        "{wins}；{gain}；{loss}。",
    },
    "better_of_class": {
        "en": "{winner} is better than {loser}: {difference} points {metric} (95% CI {low} to {high}, p {p}).",
        "zh-Hant": "{winner} 優於 {loser}：{metric}相差 {difference} 個百分點（95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "undecided": {
        "en": "These {images} images cannot tell {a} from {b} "
        "({b} minus {a}: {difference} points {metric}, 95% CI {low} to {high}, p {p}).",
        "zh-Hant": "這 {images} 張影像無法分辨 {a} 與 {b} 的優劣"
        "（{b} 減 {a}：{metric}相差 {difference} 個百分點，95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "wins_segmentation": {
        "en": "it wins on {wins} of {images} images",
        "zh-Hant": "{images} 張影像中勝出 {wins} 張",
    },
    "wins_classification": {
        "en": "it alone is right on {wins} of {images} images, {loser} alone on {losses}",
        "zh-Hant": "{images} 張影像中，只有它答對的有 {wins} 張，只有 {loser} 答對的有 {losses} 張",
    },
    "gain": {
        "en": "{name} gains most ({difference})",
        "zh-Hant": "{name} 進步最多（{difference}）",
    },
    "gain_beyond_chance": {
        "en": "of the classes that gain beyond chance, {name} gains most ({difference})",
        "zh-Hant": "進步超出機運的類別中，{name} 進步最多（{difference}）",
    },
    "no_gain": {
        "en": "no single class gains beyond chance",
        "zh-Hant": "沒有任何單一類別的進步超出機運",
    },
    "loss": {
        "en": "worse on {classes}",
        "zh-Hant": "退步的類別：{classes}",
    },
    "no_loss": {
        "en": "no class gets worse beyond chance",
        "zh-Hant": "沒有任何類別的退步超出機運",
    },
    "class": {"en": "{name} ({difference})", "zh-Hant": "{name}（{difference}）"},
    "comma": {"en": ", ", "zh-Hant": "、"},
    "classes_differ": {
        "en": "Single classes do differ: {model} is better on {classes}.",
        "zh-Hant": "個別類別仍有差異：{model} 較佳的類別為 {classes}。",
    },
    "disagree": {
        "en": "The test and the interval disagree, so no verdict is given.",
        "zh-Hant": "檢定與信賴區間不一致，因此不下結論。",
    },
    "too_few_images": {
        "en": "{units} images are too few for any verdict: no difference could have a p below {p}.",
        "zh-Hant": "{units} 張影像不足以下任何結論：任何差異的 p 都不會小於 {p}。",
    },
    "too_few_groups": {
        "en": "{units} groups are too few for any verdict: no difference could have a p below {p}.",
        "zh-Hant": "{units} 組不足以下任何結論：任何差異的 p 都不會小於 {p}。",
    },
    "same": {
        "en": "{a} and {b} score the same on every image.",
        "zh-Hant": "{a} 與 {b} 在每張影像上的得分都相同。",
    },
    "other_looks": {
        "en": "{a} and {b} looked at each image in different ways (symmetries x sizes: {looks_a}; {looks_b}), "
        "so the difference is not the networks' alone.",
        "zh-Hant": "{a} 與 {b} 檢視影像的方式不同（對稱數 x 尺寸：{looks_a}；{looks_b}），因此差異不全來自網路。",
    },
    "learned": {
        "en": "{name} has learned from {known} of these {images} images, which flatters it.",
        "zh-Hant": "{name} 已從這 {images} 張影像中的 {known} 張學習，其成績因此偏高。",
    },
    "learned_by": {
        "en": "{name}, or {by}, whose weights it began with, has learned from {known} of these {images} images, which "
        "flatters it.",
        "zh-Hant": "{name}，或提供其初始權重的 {by}，已從這 {images} 張影像中的 {known} 張學習，其成績因此偏高。",
    },
    "stressed": {
        "en": "{name} saw images that were stressed before ({stress}): real ones differ from them.",
        "zh-Hant": "{name} 所見的影像事先經過劣化處理（{stress}），與真實影像有所不同。",
    },
    "other_stress": {
        "en": "So the two did not see the same, and the difference is not, or not only, that of the models.",
        "zh-Hant": "因此兩者所見並不相同，差異並非（或不僅）來自模型。",
    },
    "corrected": {
        "en": "{known} of these {images} images have a corrected label: where a model's doubts chose which were looked "
        "at, that model is flattered.",
        "zh-Hant": "這 {images} 張影像中有 {known} 張的標籤經過更正：若檢視哪些影像由某個模型的懷疑決定，"
        "該模型的成績因此偏高。",
    },
    "corrected_masks": {
        "en": "{known} of these {images} images have a corrected mask ({pixels} pixels in all): where a model's doubts "
        "chose which regions were looked at, that model is flattered.",
        "zh-Hant": "這 {images} 張影像中有 {known} 張的遮罩經過更正（共 {pixels} 個像素）："
        "若檢視哪些區域由某個模型的懷疑決定，該模型的成績因此偏高。",
    },
    "few_images": {
        "en": "{images} images are few: below {rough}, intervals are rough.",
        "zh-Hant": "{images} 張影像太少：少於 {rough} 張時，信賴區間僅供參考。",
    },
    "grouped": {
        "en": "The images form {groups} groups, which were resampled as wholes.",
        "zh-Hant": "影像分為 {groups} 組，重抽樣時以整組為單位。",
    },
    "few_groups": {
        "en": "{groups} groups are few: below {rough}, intervals are rough.",
        "zh-Hant": "{groups} 組太少：少於 {rough} 組時，信賴區間僅供參考。",
    },
    "rough_classes": {
        "en": "Intervals are rough where few images decide a class: {classes}.",
        "zh-Hant": "以下類別僅由少數影像決定，信賴區間僅供參考：{classes}。",
    },
    "untested_classes": {
        "en": "Too few images show these classes for an interval: {classes}.",
        "zh-Hant": "顯示以下類別的影像太少，無法給出信賴區間：{classes}。",
    },
    "rough_classes_grouped": {
        "en": "Intervals are rough where few groups decide a class: {classes}.",
        "zh-Hant": "以下類別僅由少數組決定，信賴區間僅供參考：{classes}。",
    },
    "untested_classes_grouped": {
        "en": "Too few groups show these classes for an interval: {classes}.",
        "zh-Hant": "顯示以下類別的組太少，無法給出信賴區間：{classes}。",
    },
    "unequal_classes": {
        "en": "Only one model has a value for {classes}, because the other never predicts it; "
        "so a mean over the classes covers different ones.",
        "zh-Hant": "{classes} 只有一個模型有數值，因為另一個模型從未預測它；因此各類別的平均值涵蓋的類別不同。",
    },
    "no_worse_shown": {
        "en": "{model} is no worse than {other}, but for {margin} points at most: that is shown (95% CI from {low}).",
        "zh-Hant": "已證實 {model} 不劣於 {other}，至多差 {margin} 個百分點（95% 信賴區間下限 {low}）。",
    },
    "no_worse_refuted": {
        "en": "{model} is worse than {other} by more than {margin} points.",
        "zh-Hant": "{model} 劣於 {other}，差距超過 {margin} 個百分點。",
    },
    "no_worse_open": {
        "en": "It is not shown that {model} is no worse than {other}, but for {margin} points at most "
        "(95% CI from {low}).",
        "zh-Hant": "未能證實 {model} 不劣於 {other}（至多差 {margin} 個百分點；95% 信賴區間下限 {low}）。",
    },
    "more_images_show": {
        "en": "{text} If the difference stays as it is, about {units} images would show it.",
        "zh-Hant": "{text}若差異維持不變，約需 {units} 張影像才能證實。",
    },
    "more_groups_show": {
        "en": "{text} If the difference stays as it is, about {units} groups would show it.",
        "zh-Hant": "{text}若差異維持不變，約需 {units} 組才能證實。",
    },
    "head_class": {"en": "class", "zh-Hant": "類別"},
    "head_difference": {"en": "points", "zh-Hant": "百分點"},
    "more_classes": {"en": "{count} more in comparison.json", "zh-Hant": "另有 {count} 類，見 comparison.json"},
    "many_pairs": {
        "en": "Adjusted for there being {pairs} pairs by Holm's method, p {p}.",
        "zh-Hant": "針對 {pairs} 對比較經 Holm 校正後 p {p}。",
    },
    "many_pairs_chance": {
        "en": "Adjusted for there being {pairs} pairs by Holm's method, p {p}: "
        "among so many, one may differ so by chance.",
        "zh-Hant": "針對 {pairs} 對比較經 Holm 校正後 p {p}：在這麼多對中，可能有一對偶然如此不同。",
    },
    **METRICS,
    **REASONS,
    **SIZES,
    **UNPAIRED,
    **STRESS,
    **DRIFT,
}

CLASSIFIERS: Final[Mapping[str, str]] = {
    "image": "張影像",
    "group": "組影像",
    "state": "種狀態",
    "sign": "項特徵",
    "old image": "張舊影像",
    "new image": "張新影像",
}
"""What stands behind a number in Chinese, by the noun in English."""


def say(key: str, language: Language, **words: str) -> str:
    """Return a sentence or a part of one.

    Args:
        key: A key of ``CATALOGUE``.
        language: The language.
        words: What stands in the template's places: names, and numbers already formatted, so that they are the same in
            every language.
    """
    return CATALOGUE[key][language].format(**words)


def named(kind: str, name: str, language: Language) -> str:
    """Return what a stress ("in"), a sign or another thing with a name is called; its own name where none is known."""
    return CATALOGUE.get(f"{kind}_{name}", {}).get(language, name)


def metric_name(metric: str, language: Language) -> str:
    """Return what a metric is called in a sentence: ``mIoU``, ``recall of melanoma``."""
    figure, of = parted(metric)
    if not of:
        return say(f"metric_{figure}", language)
    called = set_in(say(f"class_{figure}", language), language).rstrip()
    return say("metric_of_class", language, figure=called, name=of)


def metric_heading(metric: str, language: Language) -> str:
    """Return what a metric is called at the head of a column: ``mIoU``, ``Recall of melanoma``."""
    name = metric_name(metric, language)
    return name if name.startswith("mIoU") else name[0].upper() + name[1:]


def number_of(count: int, noun: str, language: Language) -> str:
    """Return a number with its noun.

    >>> number_of(3, "group", "en"), number_of(3, "group", "zh-Hant")
    ('3 groups', '3 組影像')
    """
    return numbers.counted(count, noun) if language == "en" else f"{numbers.count(count)} {CLASSIFIERS[noun]}"


def set_in(text: str, language: Language, before: bool = True) -> str:
    """Return a text as it stands amid others: in Chinese a space parts it from them where it ends in other letters.

    Args:
        text: The text.
        language: The language.
        before: Whether something stands before it, and no punctuation.
    """
    if language == "en" or not text:
        return text
    return f"{' ' * (before and text[0].isascii())}{text}{' ' * text[-1].isascii()}"


def listed(items: Iterable[str], language: Language) -> str:
    """Return items as a list in running text."""
    return CATALOGUE["comma"][language].join(items)


def points(value: float | None) -> str:
    """Return a difference of shares in percentage points with its sign: ``0.0731`` as ``+7.3``."""
    return numbers.UNDEFINED if value is None else numbers.signed(100 * value, 1)


def bound(value: float | None) -> str:
    """Return a bound of an interval in percentage points; only a negative one carries its sign: ``5.9``, ``−0.5``."""
    return points(value).removeprefix("+")


def p_value(value: float | None) -> str:
    """Return a p-value with its relation: ``= .31``, ``= .031``, ``< .001``; never rounded across .05."""
    if value is None:
        return numbers.UNDEFINED
    if value < 0.001:
        return "< .001"
    text = f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
    if value < 0.05 and text == "0.050":
        return "< .05"
    return f"= {text.removeprefix('0')}"


def difference_cells(difference: Estimate, p: float | None) -> tuple[str, str, str]:
    """Return the cells of a difference in a table: itself, its interval and its p-value."""
    ends = f"{bound(difference.low)} – {bound(difference.high)}"
    return points(difference.value), numbers.UNDEFINED if difference.low is None else ends, p_value(p)
