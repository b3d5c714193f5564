"""What can be said of the reasons for a difference, in every language; ``reasons.py`` puts in names and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pixelproof.languages import Language

REASONS: Final[Mapping[str, Mapping[Language, str]]] = {
    "where": {
        "en": "Of the {total} points of mIoU by which {better} surpasses {worse}, {edges} (95% CI {edges_low} to "
        "{edges_high}) lie within {width} px of true boundaries and {interior} (95% CI {interior_low} to "
        "{interior_high}) farther inside.",
        "zh-Hant": "{better} 的 mIoU 勝過 {worse} 的 {total} 個百分點中，"
        "{edges} 個（95% 信賴區間 {edges_low} 至 {edges_high}）落在真實邊界 {width} 像素以內，"
        "{interior} 個（95% 信賴區間 {interior_low} 至 {interior_high}）落在更內部。",
    },
    "boundary_f1": {
        "en": "Boundary F1 within {tolerance} px, averaged over the classes: {values}.",
        "zh-Hant": "容許 {tolerance} 像素時，各類別平均的邊界 F1：{values}。",
    },
    "mosaic": {
        "en": "{share} of the boundaries that {model} predicts lie on a grid of {stride} px, {index} times as many as "
        "chance has (95% of chance: {low} to {high}; the truth's own boundaries: {truth}).",
        "zh-Hant": "{model} 預測的邊界有 {share} 落在間隔 {stride} 像素的格線上，是隨機的 {index} 倍"
        "（隨機的 95% 範圍：{low} 至 {high}；真實邊界：{truth}）。",
    },
    "no_mosaic": {
        "en": "The boundaries that {model} predicts lie on no grid of 8, 16 or 32 px more often than by chance.",
        "zh-Hant": "{model} 預測的邊界落在 8、16 或 32 像素格線上的次數不比隨機多。",
    },
    "confirmed": {"en": "confirmed", "zh-Hant": "成立"},
    "refuted": {"en": "refuted", "zh-Hant": "不成立"},
    "undecided_claim": {"en": "undecided", "zh-Hant": "尚無定論"},
    "claim": {
        "en": "The claim “{says}” is {status}: {tests}.",
        "zh-Hant": "「{says}」這項主張{status}：{tests}。",
    },
    "test_gain": {
        "en": "{measure} of {model} against {against}: {difference} points (95% CI {low} to {high}, p {p})",
        "zh-Hant": "{model} 相對於 {against} 的{measure}為 {difference} 個百分點"
        "（95% 信賴區間 {low} 至 {high}，p {p}）",
    },
    "test_mosaic": {
        "en": "boundaries of {model} lie on the {stride} px grid {index} times as often as by chance (p {p})",
        "zh-Hant": "{model} 的邊界落在 {stride} 像素格線上的次數是隨機的 {index} 倍（p {p}）",
    },
    "undefined_test": {
        "en": "{measure} of {model} is not defined here",
        "zh-Hant": "{model} 的{measure}在此無定義",
    },
    "measure": {"en": "gain in {metric}", "zh-Hant": "{metric}進步"},
    "measure_edges": {"en": "gain in mIoU at edges", "zh-Hant": "邊緣處 mIoU 進步"},
    "measure_interior": {"en": "gain in mIoU away from edges", "zh-Hant": "內部 mIoU 進步"},
    "measure_mosaic": {"en": "mosaic index", "zh-Hant": "馬賽克指數"},
    "effect": {
        "en": "{factor} “{level}” instead of “{reference}” changes the score by {difference} points "
        "(95% CI {low} to {high}, p {p} by Holm, {effects} in all).",
        "zh-Hant": "{factor} 由「{reference}」改為「{level}」，分數變化 {difference} 個百分點"
        "（95% 信賴區間 {low} 至 {high}，{effects} 項效應經 Holm 校正後 p {p}）。",
    },
    "one_seed": {
        "en": "Each model was trained once, so what other seeds would give is not known; intervals are over images.",
        "zh-Hant": "每個模型只訓練一次，因此換用其他隨機種子的結果不得而知；信賴區間僅涵蓋影像的變異。",
    },
    "in_folds": {
        "en": "Each model was trained once for each of {folds} folds, and each image is scored by the run that had not "
        "seen it. Intervals are over images: other folds or seeds would move the figures further.",
        "zh-Hant": "每個模型對 {folds} 個折（fold）各訓練一次，每張影像由未見過它的那次訓練評分。"
        "信賴區間僅涵蓋影像的變異，換用其他折或隨機種子，數字還會變動。",
    },
    "seeds_in_folds": {
        "en": "With each seed, each model was trained once for each of {folds} folds, the same for all seeds, and "
        "each image is scored by the run that had not seen it. Other folds would move the figures further.",
        "zh-Hant": "以每個種子，每個模型對 {folds} 個折（fold）各訓練一次，各種子的折相同，"
        "每張影像由未見過它的那次訓練評分。換用其他折，數字還會變動。",
    },
    "better_over_seeds": {
        "en": "On average over {seeds} seeds, {winner} is better than {loser}: {difference} points {metric} "
        "(95% CI {low} to {high} over images and seeds, p {p}).",
        "zh-Hant": "對 {seeds} 個隨機種子平均，{winner} 優於 {loser}：{metric}相差 {difference} 個百分點"
        "（涵蓋影像與種子的 95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "undecided_over_seeds": {
        "en": "These {images} images and {seeds} seeds cannot tell {a} from {b} "
        "({b} minus {a}: {difference} points {metric} on average, 95% CI {low} to {high} over images and seeds, "
        "p {p}).",
        "zh-Hant": "這 {images} 張影像與 {seeds} 個隨機種子無法分辨 {a} 與 {b} 的優劣"
        "（{b} 減 {a}：{metric}平均 {difference} 個百分點，涵蓋影像與種子的 95% 信賴區間 {low} 至 {high}，p {p}）。",
    },
    "lone_model": {
        "en": "The model was trained with {seeds} seeds. Claims and boundary figures cover them all, as the mean does; "
        "all else is shown of the first seed.",
        "zh-Hant": "此模型以 {seeds} 個隨機種子訓練。主張、邊界數據與平均涵蓋所有種子；其餘皆取自第一個種子。",
    },
    "many_seeds": {
        "en": "Each model was trained with {seeds} seeds. Verdicts, claims and effects cover both seeds and images; "
        "boundary figures are means over seeds; where two models differ is shown of the first seed.",
        "zh-Hant": "每個模型以 {seeds} 個隨機種子訓練。結論、主張與效應的信賴區間同時涵蓋種子與影像；"
        "邊界數據為各種子的平均；兩模型差異所在之處取自第一個種子。",
    },
}
