import pytest

from pixelproof.config import RunConfig, apply_overrides, default_config, without_effect
from pixelproof.errors import UserError
from pixelproof.runs.plain import from_yaml, to_yaml
from pixelproof.schema import parse

BASE = default_config("segmentation", "fcn8s")


def test_a_setting_is_found_by_its_own_name_or_its_path():
    changed = apply_overrides(BASE, ["lr=1e-3", "augment.crop=128", "weights=none", "scale=[0.5, 2]"])
    assert changed.training.lr == 1e-3
    assert changed.augment.crop == 128
    assert changed.augment.scale == (0.5, 2.0)
    assert BASE.training.lr != 1e-3  # frozen: the original stays


def test_groups_and_single_settings_from_a_file_are_equal():
    assert apply_overrides(BASE, {"training": {"lr": 0.1}}) == apply_overrides(BASE, {"lr": 0.1})
    assert apply_overrides(BASE, "lr=0.1") == apply_overrides(BASE, {"lr": 0.1})
    assert apply_overrides(BASE, {"lr": 0.1}) == apply_overrides(BASE, ["training.lr=0.1"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("epocs=3", "--set: unknown key 'epocs'; did you mean 'epochs'?"),
        ("training.epocs=3", "--set: unknown key 'training.epocs'; did you mean 'training.epochs'?"),
        ("epochs", "--set: 'epochs' is not of the form key=value"),
        ("=3", "--set: '=3' is not of the form key=value"),
        ("epochs=many", "--set: 'training.epochs': input should be a valid integer"),
        ("epochs=0", "--set: 'training.epochs': input should be greater than or equal to 1"),
        ("epochs=[1", "--set: the value of 'epochs' is not readable"),
        ("loss=mse", "--set: 'training.loss': 'mse' is not a loss (several are joined by +); known are cross-entropy,"),
        ("loss=dice+lovas", "--set: 'training.loss': 'lovas' is not a loss (several are joined by +); did you mean 'l"),
        ("finish='plugin:'", "--set: 'training.finish': 'plugin:' is not a loss"),
        (
            "augmentation=cutout",
            "--set: 'augment.augmentation': 'cutout' is not an augmentation; known are plugin:N",
        ),
        ("mixup=0.2", "--set: mixup and cutmix are for classification"),
        ("scale=[2, 1]", "--set: 'augment': scale is a range LOW HIGH"),
        ("lr=inf", "--set: 'training.lr': input should be a finite number"),
        ("lr=nan", "--set: 'training.lr'"),
        ("training=3", "--set: 'training' is a group of settings; set one of them, such as training.epochs"),
        (
            "model=fcn8s",
            "--set: 'model' is a group of settings; set one of them, such as model.name, or name the network",
        ),
        ("augment=plugin:x", "--set: 'augment' is a group of settings; set one of them, such as augment.crop, or augm"),
        ("learning_rate=1e-3", "--set: unknown key 'learning_rate'; did you mean 'lr'?"),
        ("task=classification", "--set: 'task' cannot be set, the data decides it; leave it out"),
        ("patience=0", "--set: 'training.patience': input should be greater than or equal to 1"),
        ("early_stopping=3", "--set: unknown key 'early_stopping'; did you mean 'patience'?"),
        ("size=64", "--set: unknown key 'size'; did you mean 'input_size'?"),
        (
            "class_weights=fast",
            "--set: 'training.class_weights': class_weights is one of none, auto, corrected, or",
        ),
        ("class_weights={}", "--set: 'training.class_weights': class_weights is one of none, auto, corrected, or"),
        (
            "class_weights={a: 0}",
            "--set: 'training.class_weights': the weight of 'a' is 0; weights are numbers",
        ),
        ("class_weights={a: .inf}", "--set: 'training.class_weights': the weight of 'a' is inf; weights are"),
        ("class_weights={a: .nan}", "--set: 'training.class_weights': the weight of 'a' is nan; weights are"),
        ("class_weights={a: yes}", "--set: 'training.class_weights': the weight of 'a' is True; weights are"),
        ("class_weights={no: 2}", "--set: 'training.class_weights': the name of a class is read as False; put it in"),
        (
            "class_weights={a:2}",
            "--set: 'training.class_weights': the weight of 'a:2' is missing; write {rare: 5}",
        ),
        (
            "class_weights={a: 2, b: 1, 'a': 3}",
            "--set: the value of 'class_weights' is not readable: it holds the key 'a' twice (line 1); corre",
        ),
        ("class_weights.a=2", "--set: unknown key 'class_weights.a'; did you mean 'class_weights'?"),
        ("lr={a: 2}", "--set: 'lr' is one value, not a group"),
        ("freeze=true", "--set: 'training.freeze': input should be a valid integer"),
        ("freeze=-1", "--set: 'training.freeze': input should be greater than or equal to 0"),
        ("backbone_lr=0", "--set: 'training.backbone_lr': input should be greater than 0"),
        ("backbone_lr=10", "--set: 'training.backbone_lr': input should be less than or equal to 1"),
        (
            "sampling=balanced",
            "--set: sampling=balanced is for classification; for segmentation there is",
        ),
        ("seed=-1", "--set: 'training.seed': input should be greater than or equal to 0"),
    ],
)
def test_a_wrong_setting_is_one_sentence(text, complaint):
    with pytest.raises(UserError) as caught:
        apply_overrides(BASE, [text])
    assert str(caught.value).startswith(complaint)


def test_a_finish_and_an_augmentation_are_taken_back():
    base = apply_overrides(BASE, ["finish=dice", "augmentation=plugin:x"])
    assert (base.training.losses, base.augment.augmentation) == ({"cross-entropy", "dice"}, "plugin:x")
    for word in ("none", "null", "None"):
        assert apply_overrides(base, [f"finish={word}", f"augmentation={word}"]) == BASE


@pytest.mark.parametrize("pattern", ["[^_]+", r"^(\d+): x", "[a-z]{2}", "1"])
def test_an_expression_is_read_as_it_stands(pattern):
    assert apply_overrides(BASE, [f"groups={pattern}"]).data.groups == pattern
    assert apply_overrides(BASE, [f"data.groups={pattern}"]).data.groups == pattern


def test_what_is_no_expression_is_refused():
    with pytest.raises(UserError, match=r"--set: 'data.groups': groups '\(' is not a regular expression"):
        apply_overrides(BASE, ["groups=("])


def test_lists_and_nothing_are_read_as_they_are_written_in_python_and_without_brackets():
    changed = apply_overrides(BASE, ["crop=None", "scale=0.5,2", "tta_scales=1,0.5", "mean=0.5,0.5,0.5"])
    assert changed.augment.crop is None
    assert (changed.augment.scale, changed.model.tta_scales, changed.model.mean) == ((0.5, 2), (0.5, 1), (0.5,) * 3)


@pytest.mark.parametrize("nothing", ["none", "None", "null", ""])
@pytest.mark.parametrize("key", ["patience", "clip", "crop", "train_limit", "mean", "bands", "stretch", "dtype"])
def test_nothing_has_several_names_where_it_is_allowed(key, nothing):
    given = apply_overrides(BASE, ["patience=3", "clip=1", "train_limit=4", "mean=0.5,0.5,0.5"])
    ((section, name),) = [(s, key) for s in ("model", "data", "augment", "training") if hasattr(getattr(given, s), key)]
    assert getattr(getattr(apply_overrides(given, [f"{key}={nothing}"]), section), name) is None
    assert apply_overrides(given, {key: "none"}) == apply_overrides(given, {key: None})


def test_none_is_a_word_where_a_text_is_meant():
    changed = apply_overrides(BASE, ["weights=none", "cache=none", "class_weights=none", "groups=none"])
    assert (changed.model.weights, changed.data.cache, changed.training.class_weights) == ("none",) * 3
    assert changed.data.groups is None  # each image alone, as compare --groups none has it
    with pytest.raises(UserError, match=r"'training.epochs': input should be a valid integer"):
        apply_overrides(BASE, ["epochs=none"])


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("{rangeland: 5, barren: 0.5}", {"rangeland": 5, "barren": 0.5}),
        ("{7: 1e-3, 'bare: soil': 2, \"no\": 3, pine-tree: 4}", {"7": 0.001, "bare: soil": 2, "no": 3, "pine-tree": 4}),
    ],
)
def test_weights_of_classes_by_name_are_one_setting(text, weights):
    changed = apply_overrides(BASE, [f"class_weights={text}"])
    assert changed.training.class_weights == weights
    assert apply_overrides(BASE, {"training": {"class_weights": weights}}) == changed
    assert apply_overrides(BASE, {"class_weights": weights}) == changed
    assert parse(RunConfig, from_yaml(to_yaml(changed.model_dump(mode="json"))), "config.yaml") == changed
    assert apply_overrides(changed, ["class_weights={other: 2}"]).training.class_weights == {"other": 2}


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_resolved_settings_round_trip_as_plain_data(task):
    config = default_config(task, "vgg16")
    assert parse(RunConfig, config.model_dump(mode="json"), "config.yaml") == config


@pytest.mark.parametrize("where", ["loss=focal", "finish=lovasz+focal"])
def test_weights_of_the_focal_loss_cannot_be_taken_back(where):
    with pytest.raises(UserError, match="class_weights=corrected is for cross-entropy"):
        apply_overrides(default_config("segmentation", "fcn8s"), ["class_weights=corrected", where])


@pytest.mark.parametrize(
    ("task", "changes", "problem"),
    [
        ("classification", ["choose_by=loss", "selection=0"], "selection=0 leaves none to look at"),
        ("segmentation", ["choose_by=balanced"], "choose_by=balanced is for classification"),
        ("classification", ["choose_by=auc"], "choose_by"),
    ],
)
def test_what_an_epoch_cannot_be_chosen_by(task, changes, problem):
    with pytest.raises(UserError, match=problem):
        apply_overrides(default_config(task, "vgg16" if task == "classification" else "fcn8s"), changes)


def test_without_a_selection_part_patience_has_nothing_to_watch():
    with pytest.raises(UserError, match="patience watches the score on the selection part, and selection=0 leaves"):
        apply_overrides(BASE, ["selection=0", "patience=3"])


@pytest.mark.parametrize("how", ["auto", "corrected"])
def test_classes_are_not_evened_out_twice(how):
    base = default_config("classification", "vgg16")
    with pytest.raises(UserError, match=f"class_weights={how} goes by frequencies that sampling=balanced evens out"):
        apply_overrides(base, [f"class_weights={how}", "sampling=balanced"])
    by_hand = apply_overrides(base, ["class_weights={fox: 2}", "sampling=balanced"])
    assert without_effect(by_hand) == []


def test_classification_takes_no_region_loss():
    with pytest.raises(UserError, match="classification takes cross-entropy, focal or"):
        apply_overrides(default_config("classification", "vgg16"), ["loss=focal+dice"])
    apply_overrides(default_config("classification", "vgg16"), ["loss=focal+cross-entropy"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["label_smoothing=0.1", "loss=lovasz"], ["label_smoothing is for cross-entropy"]),
        (["class_weights=auto", "loss=dice+lovasz"], ["class_weights are for cross-entropy and focal"]),
        (["warmup=5", "epochs=4"], ["warmup=5 is longer than epochs=4"]),
        (["warmup=4", "epochs=4", "label_smoothing=0.1", "loss=lovasz", "finish=cross-entropy+lovasz"], []),
        (["class_weights={water: 2}", "loss=dice+lovasz"], ["class_weights are for cross-entropy and focal"]),
        (["class_weights=auto", "loss=focal"], []),
        (["finish=lovasz", "epochs=2"], ["finish never begins: finish_from=0.8 of epochs=2 is after the last"]),
        (["finish=lovasz", "epochs=3"], []),
        (["patience=4", "epochs=4"], ["patience=4 does not end training before epochs=4 does"]),
        (["patience=3", "epochs=4"], []),
        (["shift=2"], ["shift is for classification"]),
        (["crop=null", "scale=[0.5, 1]"], ["scale is that of crops"]),
        (["dropout=0.1", "momentum=0.5"], ["dropout is for the classifier of VGG16", "momentum is for optimizer=sgd"]),
        (["optimizer=sgd", "momentum=0.5"], []),
        (["freeze=2"], ["freeze=2 keeps a backbone of random weights"]),
        (["freeze=2", "weights=imagenet", "backbone_lr=0.1"], []),
        (["freeze=30", "weights=imagenet", "backbone_lr=0.1"], ["backbone_lr is for epochs after freeze=30"]),
        (
            ["lr=0.001", "backbone_lr=0.0001"],
            ["backbone_lr=0.0001 is a factor: the backbone learns at lr=1e-07"],
        ),
        (["lr=2"], []),
        (["finish_from=0.5"], ["finish_from is for finish"]),
        (["name=smp:FPN:resnet18", "width=0.5"], ["width is for the VGG and FCN family"]),
        (["stretch=0,3000"], ["stretch is for images that are read by their bands"]),
        (["dtype=uint16"], ["dtype is for images that are read by their bands"]),
        (["bands=1,2", "dtype=uint16"], []),
        (["bands=1,2", "dtype=uint16", "stretch=0,3000"], ["dtype is for images that are not stretched"]),
    ],
)
def test_settings_without_effect_are_named(changes, words):
    found = without_effect(apply_overrides(BASE, changes))
    assert len(found) == len(words)
    assert all(sentence.startswith(start) for sentence, start in zip(found, words, strict=True))


def test_the_crop_of_a_classifier_has_no_effect():
    (found,) = without_effect(apply_overrides(default_config("classification", "vgg16"), ["crop=64", "scale=[1, 2]"]))
    assert found.startswith("crop is for segmentation")


@pytest.mark.parametrize(
    ("change", "words"),
    [("input_size=64", "input_size is for classification"), ("std=[0, 1, 1]", "each must be greater than 0")],
)
def test_settings_that_would_spoil_a_training_are_refused(change, words):
    with pytest.raises(UserError, match=words):
        apply_overrides(BASE, [change])


def test_how_images_are_handled_decides_no_weights():
    other = apply_overrides(BASE, ["workers=3", "cache=none", "resident=no"])
    assert other.learned_from() == BASE.learned_from()
    assert BASE.handled_as(other) == other
    assert apply_overrides(BASE, ["lr=1"]).learned_from() != BASE.learned_from()
