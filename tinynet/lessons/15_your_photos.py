# %% [markdown] lang="en"
# # Your own photos
#
# Course rows: - · Minutes: 60
#
# **The question.** Your network is right in more than 90 % of the validation photos. Then you take a new photo: wrong.
# Another one: wrong. There is nothing wrong with the network. What is wrong with the **folder**?
# %% [markdown] lang="ko"
# # 내 사진으로 학습하기
#
# 강의 항목: - · 시간(분): 60
#
# **질문.** 검증 사진의 90 % 넘게 맞히는 신경망이 있습니다. 그런데 사진을 새로 찍어 넣으면 틀립니다. 또 찍어도 또 틀립니다. 신경망에는
# 아무 문제가 없습니다. 그렇다면 **폴더**에 무슨 문제가 있는 걸까요?
# %%
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import matplotlib.pyplot as plt
from PIL import Image, ImageOps

import tinynet as tn
from tinynet import plots

tn.utils.set_random_seed(0)
plt.rcParams["font.size"] = 14
layers = tn.keras.layers
temporary = tempfile.TemporaryDirectory(prefix="photos-")  # removed when Python ends
work = Path(temporary.name)


def fresh(name):
    """An empty folder, also when a cell is run again."""
    shutil.rmtree(work / name, ignore_errors=True)
    (work / name).mkdir(parents=True)
    return work / name
# %% [markdown] lang="en"
# ## The folder
#
# One subfolder for each class, its name is the class: `photos/sandal/IMG_0001.jpg`. We make one: 25 pairs each of three
# kinds of shoe from Fashion-MNIST, on walls of random colours, six shots of each, as people photograph. For **your own
# photos** put the path into `own`, and tell `scene` which photos show the same thing.
# %% [markdown] lang="ko"
# ## 폴더
#
# 클래스마다 하위 폴더를 하나 만들고, 폴더 이름이 곧 클래스 이름입니다. 예: `photos/sandal/IMG_0001.jpg`. 여기서는 Fashion-MNIST의 신발
# 세 종류를 25켤레씩 골라 무작위 색 벽 앞에 놓고, 사람들이 흔히 그러듯 여섯 장씩 찍은 것처럼 만듭니다. **여러분의 사진**을 쓰려면 `own`에
# 경로를 넣고, 같은 물건을 찍은 사진이 어느 것인지 `scene`에 알려 주세요.
# %%
own = ""  # such as "/home/me/photos"


def scene(path):
    """What a photo shows, the same for all shots of it. Your own photos: the day, the person, the object."""
    return path.parent.name, path.name.split("_")[0]


def shots(shoe, rng, count=6):
    """Photos of one shoe: the camera moves a little, the light changes, there is noise."""
    wall, tint, place = rng.integers(20, 90, 3), rng.uniform(0.6, 1, 3), rng.integers((3, 4), (9, 40))
    large = np.asarray(Image.fromarray(shoe).resize((84, 84), Image.Resampling.BICUBIC), float)[..., None]
    cover = np.clip(large / 60, 0, 1)
    for _ in range(count):
        photo = np.ones((96, 128, 3)) * wall
        top, left = place + rng.integers(-2, 3, 2)
        part = photo[top : top + 84, left : left + 84]
        part[:] = part * (1 - cover) + large * tint * cover
        photo = photo * rng.uniform(0.9, 1.1) + rng.normal(0, 6, photo.shape)
        yield Image.fromarray(photo.clip(0, 255).astype(np.uint8))


def write_photos(folder):
    rng = np.random.default_rng(0)
    (shoes, kinds), _ = tn.datasets.fashion_mnist_sample.load_data()
    for name, kind in {"ankle_boot": 9, "sandal": 5, "sneaker": 7}.items():
        (folder / name).mkdir()
        for number, shoe in enumerate(shoes[kinds == kind][:25]):
            for shot, photo in enumerate(shots(shoe, rng)):
                photo.save(folder / name / f"pair{number:02}_{shot}.jpg", quality=90)
    return folder


READ = (".bmp", ".gif", ".jpeg", ".jpg", ".png")  # what image_dataset_from_directory looks for


def files(folder, endings=READ):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.name.lower().endswith(endings))


photos = Path(own) if own else write_photos(fresh("photos"))
classes = sorted(folder.name for folder in photos.iterdir() if folder.is_dir() and folder.name[0] != ".")
print({name: len(files(photos / name)) for name in classes})
assert own or len(files(photos)) == 3 * 25 * 6
# %% [markdown] lang="en"
# ## From the folder to a model
#
# `image_dataset_from_directory` reads, resizes and labels; the values stay from 0 to 255. The division by 255 is a layer of
# the **model**, so that nobody can forget it later. A quarter is kept for validation, drawn at random. `cache()` decodes
# each file once, not once an epoch.
# %% [markdown] lang="ko"
# ## 폴더에서 모델까지
#
# `image_dataset_from_directory`가 파일을 읽고, 크기를 맞추고, 레이블(label)을 붙여 줍니다. 값은 0~255 그대로입니다. 255로 나누는 일은
# **모델의 층**으로 넣어 둡니다. 그래야 나중에 잊어버릴 수가 없습니다. 4분의 1을 무작위로 뽑아 검증(validation)에 씁니다.
# `cache()`를 쓰면 파일을 에폭마다가 아니라 한 번만 읽습니다.
# %%
def dataset(folder, **options):
    return tn.keras.utils.image_dataset_from_directory(folder, **{"image_size": (48, 64), "verbose": False, **options})


def build(outputs):
    tn.utils.set_random_seed(0)
    model = tn.keras.Sequential([
        tn.keras.Input((48, 64, 3)), layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(outputs),
    ])
    model.compile(optimizer="adam", metrics=["accuracy"],
                  loss=tn.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


train, validation = dataset(photos, validation_split=0.25, subset="both", seed=0, verbose=True)
x, y = next(iter(train))
axes = plots.image_grid(x.numpy() / 255, y.numpy(), names=train.class_names, count=8)

by_chance = build(len(classes))
history = by_chance.fit(train.cache(), epochs=15, verbose=0)
random_split = by_chance.evaluate(validation, verbose=0)[1]
print(f"values {x.numpy().min():.0f} to {x.numpy().max():.0f}, labels {train.class_names}; validation accuracy {random_split:.3f}")
assert train.class_names == classes and x.shape[1:] == (48, 64, 3) and x.numpy().max() > 1
assert own or random_split > 0.9
# %% [markdown] lang="en"
# ## Leakage: photos of the same shoe
#
# Look for the nearest training photo of each validation photo, by the difference of small grey copies:
# %% [markdown] lang="ko"
# ## 데이터 누수(leakage): 같은 신발을 찍은 사진
#
# 검증 사진마다 가장 비슷한 학습 사진을 찾아봅시다. 작은 흑백 사진으로 줄여서 차이를 잽니다.
# %%
def thumbnails(paths):
    small = np.stack([tn.keras.utils.img_to_array(tn.keras.utils.load_img(path, "grayscale", (12, 16), "box")) for path in paths])
    small -= small.mean(axis=(1, 2, 3), keepdims=True)
    return small / (small.std(axis=(1, 2, 3), keepdims=True) + 1e-6)


def nearest(some, others):
    """For each file the most similar one of the others."""
    a, b = (thumbnails(paths).reshape(len(paths), -1) for paths in (some, others))
    distances = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return [others[index] for index in distances.argmin(axis=1)]


def same_scene(some, others):
    pairs = zip(some, nearest(some, others))
    return np.mean([scene(Path(one)) == scene(Path(other)) for one, other in pairs])


twins = nearest(validation.file_paths[:4], train.file_paths)
axes = plots.image_grid(np.stack([tn.keras.utils.img_to_array(tn.keras.utils.load_img(path, target_size=(96, 128))) / 255
                                  for path in [*validation.file_paths[:4], *twins]]), count=8)
leaked = same_scene(validation.file_paths, train.file_paths)
print(f"{leaked:.0%} of the validation photos have their nearest training photo from the same scene")
assert own or leaked > 0.9
# %% [markdown] lang="en"
# Above four validation photos, below what the network was trained with. The validation asks for photos that it knows by
# heart: it measures memory. Bursts, frames of one video, copies by two messengers, the same sofa: all of it leaks.
#
# **Remedy: split by what was photographed, not by file.** The split becomes two folders, which one can look at.
# %% [markdown] lang="ko"
# 위 네 장이 검증 사진이고, 아래가 신경망이 학습한 사진입니다. 외워 버린 사진으로 시험을 본 셈이니, 이 정확도는 기억력을 잰 것입니다.
# 연사(burst), 동영상에서 뽑은 프레임, 메신저로 두 번 받은 사진, 같은 소파까지 모두 누수가 됩니다.
#
# **처방: 파일이 아니라 찍은 대상을 기준으로 나눕니다.** 학습용과 검증용 폴더를 따로 만들어 두면 눈으로 확인할 수도 있습니다.
# %%
held_out, rng = set(), np.random.default_rng(0)
for name in classes:
    scenes = sorted({scene(path) for path in files(photos / name)})
    held_out |= {scenes[index] for index in rng.permutation(len(scenes))[: max(1, len(scenes) // 4)]}
split = fresh("split")
for path in files(photos):
    target = split / ("validation" if scene(path) in held_out else "train") / path.parent.name
    target.mkdir(parents=True, exist_ok=True)
    _ = shutil.copy(path, target)

train, validation = dataset(split / "train", seed=0), dataset(split / "validation", shuffle=False)
model = build(len(classes))
history = model.fit(train.cache(), epochs=15, verbose=0)
by_scene = model.evaluate(validation, verbose=0)[1]
print(f"validation accuracy: split by file {random_split:.3f}, split by scene {by_scene:.3f}")
assert not {scene(Path(path)) for path in train.file_paths} & {scene(Path(path)) for path in validation.file_paths}
assert own or by_scene < random_split - 0.08
# %% [markdown] lang="en"
# The same network, the same photos; only the second number is what a new pair of shoes will get.
#
# ## Save, load, predict
#
# A model returns numbers; **which name has number 2 is not in it**. Keep the names beside it. And predict through the same
# function as in training: `labels=None` for photos without a class, `shuffle=False` so that the answers stand in the order
# of `file_paths`.
# %% [markdown] lang="ko"
# 같은 신경망, 같은 사진입니다. 새 신발을 찍었을 때 기대할 수 있는 것은 두 번째 숫자뿐입니다.
#
# ## 저장하고, 불러오고, 예측하기
#
# 모델은 숫자를 돌려줄 뿐, **2번이 어떤 이름인지는 모델에 들어 있지 않습니다**. 클래스 이름을 옆에 함께 저장하세요. 그리고 예측할 때도
# 학습할 때와 같은 함수로 읽으세요. 클래스를 모르는 사진은 `labels=None`, 답이 `file_paths`의 순서로 나오도록 `shuffle=False`입니다.
# %%
model.save(work / "photos.keras")
_ = (work / "photos.json").write_text(json.dumps(train.class_names))


def predict(folder):
    """{file name: (class, probability)} of the photos in a folder."""
    model = tn.keras.models.load_model(work / "photos.keras")
    names = json.loads((work / "photos.json").read_text())
    data = dataset(folder, labels=None, shuffle=False)
    probabilities = tn.keras.ops.softmax(model.predict(data, verbose=0)).numpy()
    return {Path(path).name: (names[row.argmax()], float(row.max())) for path, row in zip(data.file_paths, probabilities)}


new = fresh("new")
for name in classes:
    taken = files(split / "validation" / name)[0]
    _ = shutil.copy(taken, new / f"{name}{taken.suffix}")
answers = predict(new)
for name, (answer, probability) in answers.items():
    print(f"{name:<16} {answer} ({probability:.0%})")

before = model.predict(dataset(new, labels=None, shuffle=False), verbose=0).argmax(axis=1)
assert [answer for answer, _ in answers.values()] == [classes[index] for index in before]
# %% [markdown] lang="en"
# ## What the reader makes of a file: orientation
#
# Turn the phone, and the pixels do not turn. It writes "turn me by 90°" into the EXIF metadata, and every viewer obeys.
# `image_dataset_from_directory` and `load_img` do **not**, in tinynet as in Keras. On your screen all is upright; the
# network lies on its side. Here are the validation photos as such a phone stores them:
# %% [markdown] lang="ko"
# ## 파일을 읽으면 어떻게 될까: 방향
#
# 휴대전화를 돌려서 찍어도 픽셀은 돌아가지 않습니다. EXIF 정보에 "90° 돌려서 보세요"라고 적어 둘 뿐이고, 사진 보기 프로그램은 모두 이것을
# 따릅니다. 그런데 `image_dataset_from_directory`와 `load_img`는 따르지 **않습니다**. tinynet도 Keras도 마찬가지입니다. 여러분의
# 화면에서는 똑바로 서 있는 사진이 신경망에는 누워서 들어갑니다. 검증 사진을 휴대전화가 저장하는 방식으로 바꿔 봅시다.
# %%
ORIENTATION, TURN_ME = 0x0112, 6  # the EXIF tag, and its value for "by 90° clockwise"


def stored_by_a_phone(picture, path):
    tag = Image.Exif()
    tag[ORIENTATION] = TURN_ME
    path.parent.mkdir(exist_ok=True)
    picture.transpose(Image.Transpose.ROTATE_90).save(path, exif=tag)


def copied(source, name, write):
    """A folder with each photo written anew, as PNG, which loses nothing."""
    target = fresh(name)
    for path in files(source):
        with Image.open(path) as picture:
            write(picture, target / path.parent.name / f"{path.stem}.png")
    return target


def as_it_is(picture, path):
    path.parent.mkdir(exist_ok=True)
    picture.save(path)


upright = copied(split / "validation", "upright", as_it_is)
sideways = copied(upright, "sideways", stored_by_a_phone)
accuracy = {folder.name: model.evaluate(dataset(folder, shuffle=False), verbose=0)[1] for folder in (upright, sideways)}
print("accuracy", {name: round(float(value), 3) for name, value in accuracy.items()})
first = files(sideways)[0]
with Image.open(first) as picture:
    viewer, pixels = ImageOps.exif_transpose(picture), np.asarray(picture)
_, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
for ax, (name, shown) in zip(axes, {"ImageOps.exif_transpose": viewer, "load_img": tn.keras.utils.load_img(first)}.items()):
    _ = ax.imshow(shown)
    ax.set(title=name, xticks=[], yticks=[])
assert np.array_equal(np.asarray(tn.keras.utils.load_img(first)), pixels) and viewer.size == pixels.shape[:2]
assert own or accuracy["sideways"] < accuracy["upright"] - 0.15
# %% [markdown] lang="en"
# ## Transparency, 16 bits, proportions
#
# * A PNG cut out from its background has an alpha channel. `color_mode="rgb"` **drops** it, and what was hidden appears:
#   often black, sometimes the old background. (`"rgba"` gives a fourth channel; `"grayscale"` weighs red, green and blue by
#   0.299, 0.587, 0.114.)
# * A 16-bit PNG of a scanner: from the folder come 0 to 255, the first 8 bits. From `load_img(path, "grayscale")` come 0 to
#   65535, in Keras too.
# * `image_size` **squeezes** every photo into it. `crop_to_aspect_ratio=True` cuts the borders off,
#   `pad_to_aspect_ratio=True` adds black.
# %% [markdown] lang="ko"
# ## 투명도, 16비트, 가로세로 비율
#
# * 배경을 오려 낸 PNG에는 투명도(alpha) 채널이 있습니다. `color_mode="rgb"`는 이 채널을 **버리므로** 가려져 있던 색이 드러납니다.
#   검은색일 때가 많고, 지운 줄 알았던 배경이 되살아나기도 합니다. (`"rgba"`로 읽으면 채널이 넷이고, `"grayscale"`은 빨강, 초록, 파랑을
#   0.299, 0.587, 0.114의 비중으로 더합니다.)
# * 스캐너로 만든 16비트 PNG: 폴더로 읽으면 앞의 8비트만 남아 0~255가 됩니다. `load_img(path, "grayscale")`로 읽으면 Keras에서도
#   0~65535입니다.
# * `image_size`는 모든 사진을 그 크기로 **찌그러뜨립니다**. `crop_to_aspect_ratio=True`는 가장자리를 잘라 내고,
#   `pad_to_aspect_ratio=True`는 검은 여백을 붙입니다.
# %%
def read(folder, **options):
    """The only photo of a folder, as the network gets it."""
    return next(iter(dataset(folder, labels=None, **options)))[0].numpy()


cut_out, deep, wide = fresh("cut_out"), fresh("deep"), fresh("wide")
with Image.open(files(upright)[0]) as picture:
    rgb = np.asarray(picture.convert("RGB").resize((128, 96)))
alpha = np.where(np.hypot(*np.mgrid[-1:1:96j, -1:1:128j]) < 0.8, 255, 0).astype(np.uint8)
hidden = np.where(alpha[..., None] > 0, rgb, [255, 0, 255]).astype(np.uint8)
Image.fromarray(np.dstack([hidden, alpha])).save(cut_out / "a.png")
Image.fromarray(np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)).save(deep / "a.png")
panorama = Image.new("RGB", (256, 96), "white")
panorama.paste(Image.fromarray(rgb), (64, 0))
panorama.save(wide / "a.png")

on_white = Image.new("RGBA", (128, 96), "white")
on_white.alpha_composite(Image.fromarray(np.dstack([hidden, alpha])))
shown = {"viewer": on_white, "rgb": read(cut_out, image_size=(96, 128)) / 255}
square = {"image_size": {}, "crop": {"crop_to_aspect_ratio": True}, "pad": {"pad_to_aspect_ratio": True}}
shown |= {name: read(wide, image_size=(96, 96), **options) / 255 for name, options in square.items()}
_, axes = plt.subplots(1, 5, figsize=(14, 3), layout="constrained")
for ax, (name, picture) in zip(axes, shown.items()):
    _ = ax.imshow(picture)
    ax.set(title=name, xticks=[], yticks=[])

of_folder, of_file = read(deep, image_size=(16, 16)), np.asarray(tn.keras.utils.load_img(deep / "a.png", "grayscale"))
print(f"16 bits: largest value from the folder {of_folder.max():.0f}, from load_img {of_file.max()}")
assert np.array_equal(read(cut_out, image_size=(96, 128)), hidden)
assert of_folder.max() == 255 and of_file.max() == 65280 and shown["pad"][0].max() == 0
# %% [markdown] lang="en"
# ## Clean once
#
# One function, run once over the folder before everything else: upright, on white, in colour, not larger than needed. It
# makes training faster too, and nobody's home address (GPS, in the EXIF data) goes along with the data set.
# %% [markdown] lang="ko"
# ## 한 번에 정리하기
#
# 함수 하나를 만들어, 무엇보다 먼저 폴더 전체에 한 번 돌립니다. 똑바로 세우고, 흰 바탕에 놓고, 컬러로 바꾸고, 필요 이상으로 크지 않게
# 합니다. 학습도 빨라집니다. 게다가 EXIF에 들어 있는 위치(GPS), 즉 누군가의 집 주소가 데이터와 함께 새어 나가지도 않습니다.
# %%
def clean(picture, path, longest=512):
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture.convert("RGBA"))
        picture = white
    picture = picture.convert("RGB")
    picture.thumbnail((longest, longest))
    path.parent.mkdir(exist_ok=True)
    picture.save(path)


cleaned = copied(sideways, "cleaned", clean)
accuracy["cleaned"] = model.evaluate(dataset(cleaned, shuffle=False), verbose=0)[1]
print("accuracy", {name: round(float(value), 3) for name, value in accuracy.items()})
cleaned_cut_out = copied(cut_out, "cleaned_cut_out", clean)
with Image.open(files(cleaned)[0]) as picture:
    assert not picture.getexif() and picture.mode == "RGB"
assert accuracy["cleaned"] == accuracy["upright"]
assert np.array_equal(read(cleaned_cut_out, image_size=(96, 128)), np.asarray(on_white.convert("RGB")))
# %% [markdown] lang="en"
# ## Labels are names of folders
#
# They are sorted as **text**: "10" comes before "2". Every subfolder is a class, also an empty one, and the `__MACOSX` that
# a zip file leaves; `class_names=[...]` chooses and orders them. And `validation_split` takes the **end of the list**: with
# `shuffle=False` that is the last class alone.
# %% [markdown] lang="ko"
# ## 레이블은 폴더 이름
#
# 폴더 이름은 **글자**로 정렬됩니다. "10"이 "2"보다 앞에 옵니다. 하위 폴더는 모두 클래스가 됩니다. 빈 폴더도, zip 파일을 풀 때 생기는
# `__MACOSX`도 마찬가지입니다. `class_names=[...]`로 고르고 순서도 정할 수 있습니다. 그리고 `validation_split`은 **목록의 끝**에서 떼어
# 냅니다. `shuffle=False`라면 마지막 클래스만 검증에 들어갑니다.
# %%
rooms = fresh("rooms")
for name in ("1", "2", "10"):
    (rooms / name).mkdir()
    for number in range(4):
        Image.new("RGB", (8, 8)).save(rooms / name / f"{number}.png")
as_text = dataset(rooms).class_names
(rooms / "__MACOSX").mkdir()
stray = dataset(rooms).class_names
without = dataset(rooms, class_names=["1", "2", "10"]).class_names
(rooms / "__MACOSX").rmdir()
_, last = dataset(rooms, validation_split=0.25, subset="both", shuffle=False)
of_validation = {last.class_names[label] for _, labels in last for label in labels.numpy()}
print("sorted:", as_text, " with a stray folder:", stray, " class_names=:", without)
print("the whole validation without shuffling:", of_validation)
assert as_text == ["1", "10", "2"] and len(stray) == 4 and without == ["1", "2", "10"] and of_validation == {"2"}

mixed = dataset(photos, seed=0)
read_labels = [classes[label] for _, labels in mixed for label in labels.numpy()]
agree = np.mean([Path(path).parent.name == name for path, name in zip(mixed.file_paths, read_labels)])
print(f"shuffle=True: in {agree:.0%} of the cases the n-th label belongs to the n-th of file_paths")
assert own or agree < 0.6

cached = mixed.cache()
epochs = [np.concatenate([labels.numpy() for _, labels in data]).tolist() for data in (mixed, mixed, cached, cached)]
print("two epochs in the same order:", epochs[0] == epochs[1], " with cache():", epochs[2] == epochs[3])
assert epochs[0] != epochs[1] and epochs[2] == epochs[3] and not hasattr(cached, "class_names")
# %% [markdown] lang="en"
# The last two lines: with `shuffle=True` the order of the answers is not that of `file_paths`. `cache()` keeps the order of
# the first epoch, too: `cache().shuffle(100)` mixes at least the batches again. And `cache()`, `map()`, `shuffle()` return
# new data sets without `class_names`.
#
# ## Files that are no photos
#
# Half a download; an error page saved as `.jpg`; the `.heic` of an iPhone and the `.webp` of the web, which are **passed
# over without a word**. Check the folder before the night of training, not in its third hour.
# %% [markdown] lang="ko"
# 마지막 두 줄을 보세요. `shuffle=True`이면 답의 순서가 `file_paths`의 순서와 다릅니다. `cache()`는 첫 에폭의 순서까지 그대로 기억하므로,
# 배치끼리라도 다시 섞으려면 `cache().shuffle(100)`으로 씁니다. 그리고 `cache()`, `map()`, `shuffle()`이 돌려주는 새 데이터셋에는
# `class_names`가 없습니다.
#
# ## 사진이 아닌 파일
#
# 받다가 만 파일, `.jpg`로 저장된 오류 페이지가 섞여 있기도 합니다. 아이폰의 `.heic`나 웹의 `.webp`는 **아무 말 없이 빠집니다**. 밤새
# 학습하다가 세 시간째에 알게 되지 않으려면, 시작하기 전에 폴더를 점검하세요.
# %%
def problems(folder):
    """{file: what is wrong with it}"""
    wrong = {}
    for path in files(folder, ""):
        if path.suffix.lower() not in READ:
            wrong[path.name] = "is passed over"
            continue
        try:
            tn.keras.utils.load_img(path)
        except OSError as error:
            wrong[path.name] = str(error).replace(f"{path.parent}/", "")
    return wrong


bad = fresh("bad") / "sandal"
bad.mkdir()
Image.fromarray(rgb).save(bad / "good.jpg")
_ = (bad / "half.jpg").write_bytes((bad / "good.jpg").read_bytes()[:1000])
_ = (bad / "page.jpg").write_text("<html>404 Not Found</html>")
_ = shutil.copy(bad / "good.jpg", bad / "IMG_0001.heic")
wrong = problems(bad)
for name, reason in wrong.items():
    print(f"{name:<14} {reason}")
found = dataset(bad.parent).file_paths
print("files in the folder:", len(files(bad, "")), " found:", len(found))
try:
    list(dataset(bad.parent))
    message = ""
except OSError as error:
    message = str(error)
print("while training:", message.replace(f"{bad}/", ""))
assert set(wrong) == {"half.jpg", "page.jpg", "IMG_0001.heic"} and len(found) == 3
assert any(name in message for name in ("half.jpg", "page.jpg")) and (own or not problems(photos))
# %% [markdown] lang="en"
# ## Few photos of one class
#
# Over a hundred sneakers, twelve photos of boots. "Always sneaker" is right in nine of ten, and the network learns that.
# **Class weights** make each class count alike in the loss: $w_k = N / (K\, n_k)$ for $n_k$ of $N$ photos in $K$ classes.
# Look at the **recall** of each class, never at the accuracy alone.
# %% [markdown] lang="ko"
# ## 한 클래스만 사진이 적을 때
#
# 운동화는 백 장이 넘는데 부츠는 열두 장입니다. "무조건 운동화"라고 해도 열에 아홉은 맞으니, 신경망은 그것을 배웁니다. **클래스
# 가중치(class weight)** 를 주면 손실에서 모든 클래스의 몫이 같아집니다. 클래스 $K$개, 사진 $N$장 가운데 $n_k$장이면
# $w_k = N / (K\, n_k)$입니다. 정확도만 보지 말고 클래스마다 **재현율(recall)** 을 보세요.
# %%
common, rare = classes[-1], classes[0]
few = fresh("few")
kept_scenes = sorted({scene(path) for path in files(split / "train" / rare)})[:2]
for path in files(split / "train"):
    if path.parent.name == common or scene(path) in kept_scenes:
        (few / path.parent.name).mkdir(exist_ok=True)
        _ = shutil.copy(path, few / path.parent.name)

counts = np.array([len(files(few / name)) for name in (rare, common)])
weights = {label: float(weight) for label, weight in enumerate(counts.sum() / (2 * counts))}
recall = {}
for class_weight in (None, weights):
    unequal = build(2)
    history = unequal.fit(dataset(few, seed=0).cache(), epochs=5, class_weight=class_weight, verbose=0)
    for label, name in enumerate((rare, common)):
        held = dataset(split / "validation" / name, labels=None, shuffle=False)
        recall[bool(class_weight), name] = np.mean(unequal.predict(held, verbose=0).argmax(axis=1) == label)
    print(f"recall {'with' if class_weight else 'without'} class weights:",
          {name: round(float(recall[bool(class_weight), name]), 2) for name in (rare, common)})
print("photos", counts.tolist(), "weights", {label: round(weight, 2) for label, weight in weights.items()})
assert np.isclose(counts[0] * weights[0], counts[1] * weights[1])
assert own or counts[0] == 12 and counts[1] / counts.sum() > 0.88
assert own or recall[True, rare] > recall[False, rare] + 0.2 and recall[False, common] > 0.9
# %% [markdown] lang="en"
# Weights invent no photos: two pairs of boots stay two pairs, and after 15 epochs the network without weights has learned
# the twelve photos by heart, too (try it). Take more photos first.
#
# ## Another path at prediction
#
# The most frequent mistake of all. In training the folder's function reads the photo; in the app, months later, other code
# does. How many of the answers change?
# %% [markdown] lang="ko"
# 가중치를 준다고 없던 사진이 생기지는 않습니다. 부츠 두 켤레는 여전히 두 켤레입니다. 15 에폭까지 학습하면 가중치가 없는 쪽도 열두 장을
# 모두 외워 버려 차이가 없어집니다(해 보세요). 사진부터 더 찍으세요.
#
# ## 예측할 때 다른 코드로 읽으면
#
# 가장 흔한 실수입니다. 학습할 때는 폴더를 읽는 함수가 사진을 읽고, 몇 달 뒤 앱에서는 다른 코드가 읽습니다. 답이 얼마나 달라질까요?
# %%
trained_with = np.concatenate([x.numpy() for x, _ in validation])
loaded = {way: np.stack([tn.keras.utils.img_to_array(tn.keras.utils.load_img(path, target_size=(48, 64), interpolation=way))
                         for path in validation.file_paths]) for way in ("nearest", "bilinear")}
paths_of_the_app = {
    "the same function": trained_with,
    "load_img(target_size), nearest": loaded["nearest"],
    "load_img, Pillow's bilinear": loaded["bilinear"],
    "blue, green, red (OpenCV)": trained_with[..., ::-1],
    "divided by 255 once more": trained_with / 255,
    "black and white swapped": 255 - trained_with,
}
answers = model.predict(trained_with, verbose=0).argmax(axis=1)
same = {}
for name, images in paths_of_the_app.items():
    same[name] = np.mean(model.predict(images, verbose=0).argmax(axis=1) == answers)
    differ = np.abs(images - trained_with).mean()
    print(f"{name:<32} {same[name]:>4.0%} of the answers are the same; pixels differ by {differ:5.1f}")
assert same["the same function"] == 1 and np.abs(loaded["nearest"] - trained_with).mean() > 0.5
assert own or max(same["divided by 255 once more"], same["black and white swapped"]) < 0.7

stripes = fresh("stripes")
Image.fromarray(np.tile(np.array([0, 255], np.uint8), (8, 2000))).save(stripes / "a.png")
by_folder = read(stripes, image_size=(8, 224)).std()
by_pillow = np.std(tn.keras.utils.load_img(stripes / "a.png", target_size=(8, 224), interpolation="bilinear"))
print(f"4000 pixels of fine stripes on 224: contrast {by_folder:.0f} by the folder's function, {by_pillow:.0f} by Pillow's bilinear")
assert by_folder > 30 and by_pillow < 5
# %% [markdown] lang="en"
# `load_img` resizes with "nearest" unless told otherwise, the folder's function with bilinear interpolation. And Pillow's
# "bilinear" averages over the area of a new pixel when it makes a photo smaller, TensorFlow's, Keras's and tinynet's does
# not. Small photos forgive it. Stripes finer than a new pixel should become grey, as in the last line Pillow's do; the
# others are a pattern that the photo does not have. Another reason for `clean`.
#
# ## In Keras's words
#
# `load_img` has the same properties in Keras 3. This cell runs there too.
# %% [markdown] lang="ko"
# `load_img`는 따로 정하지 않으면 "nearest"로, 폴더를 읽는 함수는 쌍선형 보간(bilinear)으로 크기를 바꿉니다. 게다가 Pillow의 "bilinear"는
# 줄일 때 새 픽셀이 덮는 넓이의 평균을 내지만, TensorFlow와 Keras, tinynet의 bilinear는 그렇지 않습니다. 작은 사진에서는 차이가
# 크지 않습니다. 하지만 마지막 줄을 보세요. 새 픽셀보다 가는 줄무늬는 회색이 되어야 하고, Pillow에서는 그렇게 됩니다. 나머지는 사진에 없던
# 무늬를 만들어 냅니다. `clean`이 필요한 이유가 하나 더 있는 셈입니다.
#
# ## Keras 방식으로
#
# Keras 3의 `load_img`도 똑같이 동작합니다. 이 셀은 Keras 3에서도 실행됩니다.
# %% tags=["keras"]
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import tinynet as tf

with tempfile.TemporaryDirectory() as folder:
    tag = Image.Exif()
    tag[0x0112] = 6
    gradient = np.arange(12, dtype="uint8").reshape(3, 4)
    Image.fromarray(gradient).save(Path(folder) / "turned.png", exif=tag)
    Image.fromarray(np.dstack([gradient] * 3 + [np.zeros_like(gradient)])).save(Path(folder) / "clear.png")
    Image.fromarray(gradient.astype("uint16") * 5000).save(Path(folder) / "deep.png")
    turned, clear, deep = (np.array(tf.keras.utils.load_img(Path(folder) / f"{name}.png", color_mode=mode))
                           for name, mode in (("turned", "grayscale"), ("clear", "rgb"), ("deep", "grayscale")))
    small = np.array(tf.keras.utils.load_img(Path(folder) / "turned.png", color_mode="grayscale", target_size=(3, 2)))
print("EXIF orientation:", turned.shape, " alpha:", clear.shape, " 16 bits: up to", deep.max(), " (3, 2):", small[0])
assert np.array_equal(turned, gradient) and np.array_equal(clear, np.dstack([gradient] * 3))
assert deep.max() == 55000 and np.isin(small, gradient).all()
# %% [markdown] lang="en"
# ## Try it
#
# 1. Put in your own photos: ten each of two things on your desk. Split by day.
# 2. Add `layers.RandomFlip("horizontal")` and `layers.RandomTranslation(0.1, 0.1)` before `Rescaling`. Does the honest
#    accuracy rise?
# 3. Take all photos of one class on another wall (`wall` in `shots`). What does the network look at? `plots.grad_cam` shows
#    it.
#
# Augmentation on one of your own photos:
#
#     tinynet lab augmentation
# %% [markdown] lang="ko"
# ## 실험해 봅시다
#
# 1. 여러분의 사진을 넣어 보세요. 책상 위 물건 두 가지를 열 장씩 찍고, 찍은 날을 기준으로 나눕니다.
# 2. `Rescaling` 앞에 `layers.RandomFlip("horizontal")`과 `layers.RandomTranslation(0.1, 0.1)`을 넣어 보세요. 대상별로 나눈 검증 정확도가
#    올라가나요?
# 3. 한 클래스의 사진만 모두 다른 벽(`shots`의 `wall`) 앞에서 찍어 보세요. 신경망은 무엇을 볼까요? `plots.grad_cam`으로 확인할 수
#    있습니다.
#
# 여러분의 사진 한 장으로 데이터 증강을 해 보세요.
#
#     tinynet lab augmentation
# %% [markdown] lang="en"
# ## What goes wrong in practice
#
# In the order in which to look, before anybody changes the network:
#
# * **Look at one batch**, as it goes into `fit`: upright? the right colours? the right label above?
# * **Count:** files in the folder, files found, photos of each class, classes.
# * **Near-duplicates** across the split. High validation accuracy on the first try is a reason to look, not to celebrate.
# * **The background is the class:** all sandals on the beach. Photograph every class in every place.
# * **Something else altogether.** A cat is a sandal or a sneaker, with 90 %: there is no "none of them" unless you give it
#   photos.
# * **One path** from file to tensor, in training and in use, and the class names saved with the model.
# %% [markdown] lang="ko"
# ## 실제로 자주 하는 실수
#
# 신경망을 고치기 전에, 이 순서대로 살펴보세요.
#
# * **배치 하나를 눈으로 보기.** `fit`에 들어가는 그대로 그려 봅니다. 똑바른가? 색이 맞나? 레이블이 맞나?
# * **세어 보기.** 폴더의 파일 수, 찾은 파일 수, 클래스마다 사진 수, 클래스 수.
# * **학습과 검증에 나뉘어 들어간 거의 같은 사진.** 첫 시도에 검증 정확도가 높게 나오면 기뻐할 일이 아니라 들여다볼 일입니다.
# * **배경이 곧 클래스.** 샌들은 모두 바닷가에서 찍었다면? 어느 클래스든 여러 장소에서 찍으세요.
# * **전혀 다른 것.** 고양이를 넣어도 샌들 아니면 운동화라고, 그것도 90 %라고 답합니다. "어느 것도 아님"은 사진을 주어 가르쳐야 생깁니다.
# * **파일에서 텐서까지 같은 코드로.** 학습할 때도 예측할 때도 똑같이 읽고, 클래스 이름을 모델과 함께 저장하세요.
# %%
noise = np.random.default_rng(1).uniform(0, 255, (20, 48, 64, 3)).astype("float32")
sure = tn.keras.ops.softmax(model.predict(noise, verbose=0)).numpy().max(axis=1)
print(f"pure noise: one of {len(classes)} classes, with a probability of {sure.mean():.0%}")
assert own or sure.mean() > 0.7
# %% [markdown] lang="en"
# ## Exercises
#
# ```python
# from tinynet import lessons
#
# lessons.check("output_size", my_output_size)
# ```
#
# With it: how many numbers does `Flatten` return in our network, for photos of $48 \times 64$? And of $96 \times 128$?
#
# On paper: 120, 40 and 8 photos of three classes. What are the class weights?
# %% [markdown] lang="ko"
# ## 연습 문제
#
# ```python
# from tinynet import lessons
#
# lessons.check("output_size", my_output_size)
# ```
#
# 이 함수로 구해 보세요. 우리 신경망에 $48 \times 64$ 사진을 넣으면 `Flatten`의 출력은 몇 개일까요? $96 \times 128$이라면?
#
# 손으로 풀어 보기: 세 클래스의 사진이 120장, 40장, 8장입니다. 클래스 가중치는 각각 얼마일까요?
# %%
def flattened(*sides):
    for K, S in ((3, 1), (2, 2), (3, 1), (2, 2)):
        sides = [tn.ops.conv_output_size(side, K, stride=S) for side in sides]
    return 32 * sides[0] * sides[1]


three = np.array([120, 40, 8])
print(flattened(48, 64), flattened(96, 128), (three.sum() / (3 * three)).round(3))
assert flattened(48, 64) == model.layers[-1].kernel.shape[0] == 4480 and flattened(96, 128) == 21_120
