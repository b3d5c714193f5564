"""What can be said of new images beside old ones, in every language; ``drift.py`` puts in names and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pixelproof.languages import Language

DRIFT: Final[Mapping[str, Mapping[Language, str]]] = {
    "drift_ungrouped": {
        "en": "Whether the new images are of another kind is not tested: the old ones are of groups, such as patients, "
        "and which new ones belong together is not known; name their groups with --groups or in a groups.csv.",
        "zh-Hant": "未檢定新影像是否屬於另一類：舊影像有分組（例如病人），而新影像中哪些屬於同一組並不清楚；"
        "請以 --groups 或 groups.csv 指明分組。",
    },
    "drift_too_few": {
        "en": "There are too few images or groups to learn to tell new from old.",
        "zh-Hant": "影像或分組太少，無法學習分辨新舊。",
    },
    "drift_area": {
        "en": "AUC {area}, by chance up to {chance}",
        "zh-Hant": "AUC {area}，隨機可達 {chance}",
    },
    "drift_apart": {
        "en": "The new images are of another kind than the old ones: what {run} sees tells them apart ({area}).",
        "zh-Hant": "新影像與舊影像不屬於同一類：{run} 所見足以分辨兩者（{area}）。",
    },
    "drift_alike": {
        "en": "What {run} sees of the new images does not tell them from the old ones ({area}).",
        "zh-Hant": "{run} 在新影像中所見無法與舊影像分辨（{area}）。",
    },
    "drift_learned": {
        "en": "Warning: {known} of {old} were learned from by {by}, which may tell new ones by that alone.",
        "zh-Hant": "警告：{old}中有 {known} 張曾供 {by} 學習，僅憑此就可能分辨出新影像。",
    },
    "drift_learned_by": {
        "en": "{run}, or by {others}, whose weights it began with",
        "zh-Hant": "{run}（或提供其初始權重的 {others}）",
    },
    "drift_not_tested": {
        "en": "Whether single signs differ beyond chance is not tested either.",
        "zh-Hant": "個別特徵的差異是否超出機運亦未檢定。",
    },
    "drift_differ": {
        "en": "Beyond chance they differ in {signs}.",
        "zh-Hant": "差異超出機運的特徵：{signs}。",
    },
    "drift_differ_more": {
        "en": "Beyond chance they differ in {signs}; and {counted} more.",
        "zh-Hant": "差異超出機運的特徵：{signs}；另有 {counted}。",
    },
    "drift_none": {
        "en": "None of {counted} differs beyond chance.",
        "zh-Hant": "{counted}的差異均未超出機運。",
    },
    "drift_far": {
        "en": "{share} of the new images lie farther from the old ones than 99% of these do from each other.",
        "zh-Hant": "{share} 的新影像與舊影像的距離，比 99% 的舊影像彼此間更遠。",
    },
    "drift_copy": {
        "en": "{counted} is there among the old ones.",
        "zh-Hant": "{counted}亦在舊影像之中。",
    },
    "drift_copies": {
        "en": "{counted} are there among the old ones.",
        "zh-Hant": "{counted}亦在舊影像之中。",
    },
    "drift_unlabelled": {
        "en": "Whether the run is right on them as often cannot be known without labels.",
        "zh-Hant": "沒有標籤，無法得知模型在這些影像上是否同樣準確。",
    },
    "drift_semicolon": {"en": "; ", "zh-Hant": "；"},
    "drift_share_of": {"en": "the share of answers “{name}”", "zh-Hant": "答案「{name}」的比例"},
    "drift_changed": {
        "en": "{name} ({old} before, {new} now, p {p})",
        "zh-Hant": "{name}（原 {old}，今 {new}，p {p}）",
    },
    "drift_range": {"en": "{value} ({low} to {high})", "zh-Hant": "{value}（{low} 至 {high}）"},
    "kind_picture": {"en": "Of the pictures", "zh-Hant": "影像"},
    "kind_answer": {"en": "Of the answers", "zh-Hant": "答案"},
    "kind_class": {"en": "Share of answers", "zh-Hant": "答案的比例"},
    "kind_truth": {"en": "Of the truth", "zh-Hant": "真值"},
    "head_old": {"en": "old, {count}", "zh-Hant": "舊，{count}"},
    "head_new": {"en": "new, {count}", "zh-Hant": "新，{count}"},
    "head_change_of": {"en": "difference", "zh-Hant": "差異"},
    "sign_brightness": {"en": "brightness", "zh-Hant": "亮度"},
    "sign_contrast": {"en": "contrast", "zh-Hant": "對比"},
    "sign_red cast": {"en": "red cast", "zh-Hant": "偏紅程度"},
    "sign_green cast": {"en": "green cast", "zh-Hant": "偏綠程度"},
    "sign_blue cast": {"en": "blue cast", "zh-Hant": "偏藍程度"},
    "sign_sharpness": {"en": "sharpness", "zh-Hant": "銳利度"},
    "sign_side, pixels": {"en": "side, pixels", "zh-Hant": "邊長（像素）"},
    "sign_confidence": {"en": "confidence", "zh-Hant": "信心"},
    "sign_right": {"en": "right", "zh-Hant": "答對"},
}
