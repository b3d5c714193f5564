"""What can be said of the number of training images, in every language; ``sizes.py`` puts in names and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pixelproof.languages import Language

SIZES: Final[Mapping[str, Mapping[Language, str]]] = {
    "size_gain": {
        "en": "Going from {before} to {after} training images brought {model} {gain} points {metric} "
        "(95% CI {low} to {high}, p {p}).",
        "zh-Hant": "訓練影像由 {before} 張增為 {after} 張時，{model} 的{metric}提高 {gain} 個百分點"
        "（95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "size_no_gain": {
        "en": "Going from {before} to {after} training images brought {model} nothing that shows: "
        "{gain} points {metric} (95% CI {low} to {high}, p {p}).",
        "zh-Hant": "訓練影像由 {before} 張增為 {after} 張時，看不出 {model} 有所進步："
        "其{metric}變化 {gain} 個百分點（95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "size_loss": {
        "en": "Going from {before} to {after} training images cost {model} {gain} points {metric} "
        "(95% CI {low} to {high}, p {p}).",
        "zh-Hant": "訓練影像由 {before} 張增為 {after} 張時，{model} 的{metric}反而變化 {gain} 個百分點"
        "（95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "size_forecast": {
        "en": "Twice as many, {twice}, are expected to bring {gain} points more (95% interval {low} to {high}), and "
        "four times as many, {fourfold}, {farther} points ({farther_low} to {farther_high}).",
        "zh-Hant": "若增為兩倍，即 {twice} 張，預計再提高 {gain} 個百分點（95% 區間 {low} 至 {high}）；"
        "若增為四倍，即 {fourfold} 張，預計共提高 {farther} 個百分點（{farther_low} 至 {farther_high}）。",
    },
    "size_untold": {
        "en": "What more labels than these would bring {model} cannot be told: {why}.",
        "zh-Hant": "標註更多影像能為 {model} 帶來多少進步，無從得知：{why}。",
    },
    "size_none_better": {
        "en": "no run is shown to be better than always answering the most frequent class; train longer, or otherwise, "
        "before labelling more",
        "zh-Hant": "沒有任何一次訓練顯示優於永遠回答最常見的類別；標註更多影像之前，宜先訓練更久或改變訓練方式",
    },
    "size_few_sizes": {
        "en": "a curve needs four sizes at least, and there are {sizes}",
        "zh-Hant": "曲線至少需要四種訓練影像數，這裡只有 {sizes} 種",
    },
    "size_one_seed": {
        "en": "each size was trained once, so that nothing shows how far chance moves a point; two seeds would, and "
        "three are better",
        "zh-Hant": "每種影像數只訓練一次，看不出機運使各點變動多少；兩個隨機種子即可看出，三個更好",
    },
    "size_few_images": {
        "en": "too few images were scored for an interval, or the score is undefined at one of the sizes",
        "zh-Hant": "評分的影像太少，無法給出區間，或某種影像數的分數無定義",
    },
    "size_all_alike": {
        "en": "at each size all runs score the same, so that nothing shows how far chance moves a point",
        "zh-Hant": "每種影像數的各次訓練得分皆相同，看不出機運使各點變動多少",
    },
    "size_no_power_law": {
        "en": "the points lie on no power law, as where more images do harm or the curve still bends upwards",
        "zh-Hant": "各點不在任何冪律曲線上，例如增加影像反而有害，或曲線仍在加速上升",
    },
    "size_missed": {
        "en": "the same reckoning, made without the largest size, would have missed what was found there",
        "zh-Hant": "去掉最大的影像數後以同樣方法推算，會測不中該處的實際結果",
    },
    "size_too_wide": {
        "en": "the interval would be wider than all that was gained between the fewest images and all",
        "zh-Hant": "區間會比由最少影像到全部影像的總進步還寬",
    },
    "size_backtest_met": {
        "en": "Tried backwards, it holds: without the runs on all {images} images, it says {predicted} ({low} to "
        "{high}) for these, and they reach {found}.",
        "zh-Hant": "回溯檢驗成立：不看以全部 {images} 張影像訓練的結果，推算其為 {predicted}（{low} 至 {high}），"
        "實際為 {found}。",
    },
    "size_backtest_missed": {
        "en": "Tried backwards, it fails: without the runs on all {images} images, it says {predicted} ({low} to "
        "{high}) for these, and they reach {found}.",
        "zh-Hant": "回溯檢驗不成立：不看以全部 {images} 張影像訓練的結果，推算其為 {predicted}（{low} 至 {high}），"
        "實際卻為 {found}。",
    },
    "size_classes": {
        "en": "Of the classes, {classes} gained beyond chance: the first to label more of.",
        "zh-Hant": "各類別中，進步超出機運的有 {classes}，宜優先增加標註。",
    },
    "size_no_class": {
        "en": "No single class gained beyond chance; {name} gained most ({gain}).",
        "zh-Hant": "沒有任何單一類別的進步超出機運；進步最多的是 {name}（{gain}）。",
    },
    "size_more_classes": {"en": "{classes} and {count} more", "zh-Hant": "{classes} 等另 {count} 類"},
    "size_steps": {
        "en": "All runs were given as many training steps, to whole epochs, whatever the number of images.",
        "zh-Hant": "無論影像多少，各次訓練分配到的步數都相同（以整輪計）。",
    },
    "size_epochs": {
        "en": "Runs went through their images equally often, so that those with fewer took fewer steps: part of a gain "
        "may be that of longer training.",
        "zh-Hant": "各次訓練看過影像的遍數相同，因此影像較少者步數也較少：部分進步可能來自訓練較久。",
    },
    "size_drawn": {
        "en": "With each of {seeds} seeds the fewer images were drawn anew, and intervals cover that, the chance of "
        "training and which images are scored. More labels are taken to be of the kind of these.",
        "zh-Hant": "{seeds} 個隨機種子各自重新抽取較少的影像；區間涵蓋這種抽取、訓練的機運，以及評分影像的變異。"
        "推算以新標註的影像與現有者同類為前提。",
    },
    "size_drawn_once": {
        "en": "The fewer images were drawn once, so intervals cover which images are scored and nothing else.",
        "zh-Hant": "較少的影像只抽取過一次，因此區間僅涵蓋評分影像的變異。",
    },
}
