"""What can be said of two sets of images, in every language; ``unpaired.py`` puts in names and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pixelproof.languages import Language

UNPAIRED: Final[Mapping[str, Mapping[Language, str]]] = {
    "set_higher": {
        "en": "The {metric} of {b} is higher than that of {a}: {difference} points (95% CI {low} to {high}, p {p}).",
        "zh-Hant": "{b} 的{metric}高於 {a}：相差 {difference} 個百分點（95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "set_lower": {
        "en": "The {metric} of {b} is lower than that of {a}: {difference} points (95% CI {low} to {high}, p {p}).",
        "zh-Hant": "{b} 的{metric}低於 {a}：相差 {difference} 個百分點（95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "set_undecided": {
        "en": "{images_a} and {images_b} images cannot tell whether the {metric} of {b} is another than that of {a} "
        "({b} minus {a}: {difference} points, 95% CI {low} to {high}, p {p}).",
        "zh-Hant": "{images_a} 與 {images_b} 張影像無法分辨 {b} 的{metric}是否異於 {a}"
        "（{b} 減 {a}：{difference} 個百分點，95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "set_classes": {
        "en": "Beyond chance it differs on {classes}.",
        "zh-Hant": "超出機運的類別：{classes}。",
    },
    "set_same": {
        "en": "Were the classes as frequent in {b} as they are in {a}, the difference would be {same} points "
        "(95% CI {same_low} to {same_high}, p {same_p}): that is how the same classes fare. The other {shares} "
        "(95% CI {shares_low} to {shares_high}, p {shares_p}) come from other shares of the classes.",
        "zh-Hant": "若 {b} 各類別的比例與 {a} 相同，差異為 {same} 個百分點"
        "（95% 信賴區間 {same_low} 至 {same_high}，p {same_p}），即相同類別本身的差異；其餘 {shares} 個百分點"
        "（95% 信賴區間 {shares_low} 至 {shares_high}，p {shares_p}）來自類別比例不同。",
    },
    "set_missing": {
        "en": "How much of it comes from other shares of the classes cannot be told, because {b} hardly shows "
        "{classes}.",
        "zh-Hant": "{b} 幾乎未顯示 {classes}，因此無法得知差異有多少來自類別比例不同。",
    },
    "set_one_sided": {
        "en": "Only one of the sets has a value for {classes}, so a mean over the classes covers different ones.",
        "zh-Hant": "{classes} 只有一組影像有數值，因此各類別的平均值涵蓋的類別不同。",
    },
    "set_no_interval": {
        "en": "There is no interval, because nothing shows how much the figure of {names} would vary.",
        "zh-Hant": "無法得知 {names} 的數字會如何變動，因此沒有信賴區間。",
    },
    "set_no_worse_shown": {
        "en": "{b} is not lower than {a}, but for {margin} points at most: that is shown (95% CI from {low}).",
        "zh-Hant": "已證實 {b} 不低於 {a}，至多差 {margin} 個百分點（95% 信賴區間下限 {low}）。",
    },
    "set_no_worse_refuted": {
        "en": "{b} is lower than {a} by more than {margin} points.",
        "zh-Hant": "{b} 低於 {a}，差距超過 {margin} 個百分點。",
    },
    "set_no_worse_open": {
        "en": "It is not shown that {b} is not lower than {a}, but for {margin} points at most (95% CI from {low}).",
        "zh-Hant": "未能證實 {b} 不低於 {a}（至多差 {margin} 個百分點；95% 信賴區間下限 {low}）。",
    },
    "set_more_show": {
        "en": "If the difference stays as it is, about {times} times as many images of both would show it.",
        "zh-Hant": "若差異維持不變，兩組影像約需各為 {times} 倍才能證實。",
    },
    "set_common": {
        "en": "{common} images or groups have the same name in both sets. Where they are the same ones, the sets are "
        "not independent, and the interval does not hold.",
        "zh-Hant": "兩組中有 {common} 張影像或組同名。若確為相同者，兩組並不獨立，此信賴區間不適用。",
    },
    "set_grouped": {
        "en": "The {images} images of {name} form {groups} groups, which are taken as wholes.",
        "zh-Hant": "{name} 的 {images} 張影像分為 {groups} 組，以整組為單位。",
    },
    "set_half_grouped": {
        "en": "Of {name} no groups are known, so that each of its images is taken for independent.",
        "zh-Hant": "{name} 沒有已知的分組，因此每張影像視為獨立。",
    },
    "set_learned": {
        "en": "The model has learned from {known} of the {images} images of {name}, which flatters it there.",
        "zh-Hant": "模型已從 {name} 的 {images} 張影像中的 {known} 張學習，其成績因此偏高。",
    },
    "set_few": {
        "en": "{name} has {units} images or groups, which are few: below {rough}, intervals are rough.",
        "zh-Hant": "{name} 僅有 {units} 張影像或組：少於 {rough} 時，信賴區間僅供參考。",
    },
    "set_few_mean": {
        "en": "The {metric} of so few images is often lower than that of many, by the same model on images of one "
        "kind, because few of them show a rare class: a difference may be no more than that.",
        "zh-Hant": "影像很少時，少有影像顯示稀有類別，因此同一模型在同類影像上的{metric}"
        "常低於影像多時：此差異可能僅源於此。",
    },
    "set_rough": {
        "en": "Intervals are rough where few images or groups of a set decide a class: {classes}.",
        "zh-Hant": "以下類別僅由某一組中少數影像決定，信賴區間僅供參考：{classes}。",
    },
    "set_and_more": {"en": "{classes} and {count} more", "zh-Hant": "{classes}等，另有 {count} 類"},
    "set_more_classes": {"en": "{count} more by --json or --out", "zh-Hant": "另有 {count} 類，見 --json 或 --out"},
    "head_share": {"en": "share", "zh-Hant": "比例"},
    "head_same": {"en": "at equal shares", "zh-Hant": "比例相同時"},
    "head_shares": {"en": "from shares", "zh-Hant": "來自比例"},
}
