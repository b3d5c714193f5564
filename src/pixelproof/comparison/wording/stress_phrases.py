"""What can be said of models under stress, in every language; ``stress.py`` puts in names and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pixelproof.languages import Language

STRESS: Final[Mapping[str, Mapping[Language, str]]] = {
    "stress_worst": {
        "en": "What is shown to hurt {model} most: {where}, where {metric} falls from {before} to {after}, "
        "{difference} points.",
        "zh-Hant": "已證實對 {model} 影響最大的是{where}，此時{metric}由 {before} 降至 {after}，{difference}個百分點。",
    },
    "stress_none": {
        "en": "No loss of {metric} is shown of {model} under any stress that was tried.",
        "zh-Hant": "在所試的各種劣化下，均未證實 {model} 的{metric}下降。",
    },
    "stress_none_but": {
        "en": "No loss of {metric} is shown of {model} under any stress that was tried; the largest is {difference} "
        "points, {where}.",
        "zh-Hant": "在所試的各種劣化下，均未證實 {model} 的{metric}下降；降幅最大的是{where}，{difference}個百分點。",
    },
    "stress_could_not_images": {
        "en": "{units} could show none, however large, as p counts for {states}: take more, or fewer strengths.",
        "zh-Hant": "p 值須計入 {states}，{units}不論降幅多大都無法證實：請增加影像，或減少強度。",
    },
    "stress_could_not_groups": {
        "en": "{units} could show none, however large, as p counts for {states}: take more, or fewer strengths.",
        "zh-Hant": "p 值須計入 {states}，{units}不論降幅多大都無法證實：請增加組數，或減少強度。",
    },
    "stress_shown": {"en": "A loss of {model} is shown: {parts}.", "zh-Hant": "已證實 {model} 退步：{parts}。"},
    "stress_from": {"en": "{stress} from {amount}", "zh-Hant": "{stress}自{amount}起"},
    "stress_at": {"en": "{stress} at {amount}", "zh-Hant": "{stress}在{amount}時"},
    "stress_not_hardest": {
        "en": "not at the hardest strength, {stresses}",
        "zh-Hant": "最強時未證實，但{stresses}已證實",
    },
    "stress_not_under": {"en": "not under {stresses}", "zh-Hant": "未證實者為{stresses}"},
    "stress_semicolon": {"en": "; ", "zh-Hant": "；"},
    "stress_where": {"en": "{stress}, {amount}", "zh-Hant": "{stress}{amount}"},
    "stress_titled": {"en": "{stress}, {unit}", "zh-Hant": "{stress}（{unit}）"},
    "stress_range": {"en": "{value} ({low} to {high})", "zh-Hant": "{value}（{low} 至 {high}）"},
    "stress_beyond": {"en": "beyond {hardest}", "zh-Hant": "超過 {hardest}"},
    "stress_beyond_from": {"en": "beyond {hardest} (from {low})", "zh-Hant": "超過 {hardest}（{low} 起）"},
    "stress_never": {"en": "never", "zh-Hant": "從未"},
    "stress_only": {"en": "only {strengths}", "zh-Hant": "僅 {strengths}"},
    "stress_words": {
        "en": "* is a loss that is shown. never: at no strength that was tried; only: there, and not at the hardest; "
        "–: not known.",
        "zh-Hant": "* 為已證實的下降。從未：所試的各強度皆無；僅：只在該強度，最強時則無；–：無從得知。",
    },
    "stress_unnoticed": {
        "en": "{model} does not always notice: under {where}, {wrong} of all answers are wrong and yet more than "
        "{limit} sure ({before} on images as they are), with a mean confidence of {confidence} where {right} is right.",
        "zh-Hant": "{model} 未必察覺：{where}時，全部答案中有 {wrong} 答錯而信心仍超過 {limit}"
        "（原影像為 {before}），平均信心為 {confidence}，實際答對 {right}。",
    },
    "stress_higher": {
        "en": "{winner} has the higher {metric} under stress than {loser}: {stresses}.",
        "zh-Hant": "劣化之下，{winner} 的{metric}高於 {loser}：{stresses}。",
    },
    "stress_less": {
        "en": "{winner} loses less {metric} than {loser}: {stresses}.",
        "zh-Hant": "{winner} 的{metric}降幅小於 {loser}：{stresses}。",
    },
    "stress_no_higher": {
        "en": "Under no stress is it shown which of {a} and {b} has the higher {metric}.",
        "zh-Hant": "沒有任何一種劣化能證實 {a} 與 {b} 何者的{metric}較高。",
    },
    "stress_no_less": {
        "en": "Under no stress is it shown which of {a} and {b} loses less {metric}.",
        "zh-Hant": "沒有任何一種劣化能證實 {a} 與 {b} 何者的{metric}降幅較小。",
    },
    "stress_one": {"en": "{stress} ({difference})", "zh-Hant": "{stress}（{difference}）"},
    "like_not_even": {
        "en": "The images that drift has met differ in {sign} ({old} before, {new} now), which not even {where}, makes "
        "of these.",
        "zh-Hant": "drift 所見影像的{sign}不同（原 {old}，今 {new}），連{where}也未使這些影像改變到這個程度。",
    },
    "like": {
        "en": "The images that drift has met differ in {sign} ({old} before, {new} now), which {stress}, about "
        "{amount}, makes of these. By itself that changes {metric}, off straight lines between strengths, by so many "
        "points: {costs}.",
        "zh-Hant": "drift 所見影像的{sign}不同（原 {old}，今 {new}），約相當於{stress}{amount}。"
        "依各強度間的直線推估，單此一項使{metric}改變的百分點為：{costs}。",
    },
    "like_cost": {"en": "{difference} ({model})", "zh-Hant": "{difference}（{model}）"},
    "like_one_cause": {
        "en": "One cause may be behind several of these: darkness, for example, lowers contrast and sharpness as well.",
        "zh-Hant": "以上數項可能出於同一原因：例如變暗也會降低對比與銳利度。",
    },
    "stress_left_out": {
        "en": "Left out are {stresses}: the run reads bands, and these are of red, green and blue.",
        "zh-Hant": "未試{stresses}：此模型讀取的是波段，而這些僅適用於紅、綠、藍影像。",
    },
    "stress_moved": {
        "en": "What leaves the image when it is {stresses} has no truth: points lost there are to the same images as "
        "they are, counted on the pixels that are left.",
        "zh-Hant": "影像{stresses}後移出畫面的部分沒有真值：該處的降幅是與同一批原影像在其餘像素上相比。",
    },
    "stress_limits": {
        "en": "These are {part} images of {split}, changed by computation: real darkness, weather, lenses and sensors "
        "differ from it and come together, so that no loss here is no promise, and a loss here says where to look. "
        "Look at the pictures whether such images happen.",
        "zh-Hant": "以上為 {split} 的 {part} 張影像經計算改變的結果：真實的黑暗、天候、鏡頭與感測器"
        "與此不同，且會同時發生；因此這裡沒有退步並不是保證，這裡有退步則指出該注意之處。請看圖判斷這樣的影像是否會出現。",
    },
    "stress_part": {"en": "{part} of {of}", "zh-Hant": "{of} 張中的 {part}"},
    "stress_and": {"en": " and ", "zh-Hant": "與"},
    "stress_or": {"en": " or ", "zh-Hant": "或"},
    "head_stress": {"en": "stress", "zh-Hant": "劣化"},
    "head_points_of": {"en": "{metric}, points", "zh-Hant": "{metric}，百分點"},
    "head_from": {"en": "from", "zh-Hant": "自"},
    "head_falls": {"en": "−{margin} at", "zh-Hant": "−{margin} 於"},
    "head_under": {"en": "under stress", "zh-Hant": "劣化下"},
    "head_change": {"en": "change", "zh-Hant": "變化"},
    "pair_minus": {"en": "{b} minus {a}", "zh-Hant": "{b} 減 {a}"},
    "in_darker": {"en": "darker", "zh-Hant": "變暗"},
    "in_brighter": {"en": "brighter", "zh-Hant": "變亮"},
    "in_hazier": {"en": "hazier", "zh-Hant": "霧化"},
    "in_warmer": {"en": "warmer", "zh-Hant": "偏暖"},
    "in_cooler": {"en": "cooler", "zh-Hant": "偏冷"},
    "in_blurred": {"en": "blurred", "zh-Hant": "模糊"},
    "in_moved": {"en": "moved", "zh-Hant": "動態模糊"},
    "in_noisy": {"en": "noisy", "zh-Hant": "雜訊"},
    "in_compressed": {"en": "compressed", "zh-Hant": "壓縮"},
    "in_smaller": {"en": "smaller", "zh-Hant": "縮小"},
    "in_turned": {"en": "turned", "zh-Hant": "旋轉"},
    "in_shifted": {"en": "shifted", "zh-Hant": "平移"},
}
UNITS: Final[Mapping[str, str]] = {
    "stops": "{} 級",
    "%": "{}%",
    "px": "{} 像素",
    "levels": "{} 灰階",
    "quality": "品質 {}",
    "times": "{} 倍",
    "degrees": "{} 度",
}
"""So much of a unit in Traditional Chinese; in English ``numbers.amount`` says it."""
