"""What is written in a bundle's README, in two languages."""

from __future__ import annotations

UNIX = """\
    python3 -m venv ~/tinynet && ~/tinynet/bin/pip install --no-index --find-links wheels {packages}
    ~/tinynet/bin/tinynet data fetch all --from data && ~/tinynet/bin/tinynet lab{lang}
"""
WINDOWS = """\
    py -m venv "$HOME\\tinynet"; & "$HOME\\tinynet\\Scripts\\pip" install --no-index --find-links wheels {packages}
    & "$HOME\\tinynet\\Scripts\\tinynet" data fetch all --from data; & "$HOME\\tinynet\\Scripts\\tinynet" lab{lang}
"""
TEXTS = {
    "en": """\
tinynet {version}: all that a room without a network needs

You need a computer with Python ({pythons}) and one of these systems: {systems}.
Nothing is downloaded. On Debian and Ubuntu the package python3-venv is needed too.

Open a terminal in this folder, and give the two commands. The first one installs tinynet
into the folder "tinynet" of your home; the second one copies the data sets, and opens the
course in the browser.

{commands}
What is here:

    wheels           tinynet and the packages that it needs, for all these systems
    data             data sets: {data}
    lessons          the course as notebooks, in English and Korean{lessons}
    SHA256SUMS.txt   checksums; on Linux "sha256sum -c SHA256SUMS.txt" verifies the folder

If something does not work:

    "No matching distribution found"
        This Python, or this system, is not one of those above. "python3 --version" (Windows:
        "py --version") shows the Python.
    "No module named venv"
        Debian and Ubuntu: apt install python3-venv
    The browser does not open.
        Copy the address that the second command prints into it.
""",
    "ko": """\
tinynet {version}: 인터넷이 없는 강의실을 위한 꾸러미

Python({pythons} 가운데 하나)이 설치된 컴퓨터만 있으면 됩니다. 지원하는 시스템: {systems}.
내려받는 것은 아무것도 없습니다. Debian과 Ubuntu에서는 python3-venv 패키지도 필요합니다.

이 폴더에서 터미널을 열고 아래 두 명령을 차례로 실행하세요. 첫 번째 명령은 홈 폴더 아래의
"tinynet" 폴더에 tinynet을 설치합니다. 두 번째 명령은 데이터셋을 복사하고 브라우저에서 강의를
엽니다.

{commands}
들어 있는 것:

    wheels           tinynet과 tinynet에 필요한 패키지(위의 모든 시스템용)
    data             데이터셋: {data}
    lessons          강의 노트북(한국어, 영어){lessons}
    SHA256SUMS.txt   체크섬. Linux에서는 "sha256sum -c SHA256SUMS.txt"로 폴더가 온전한지 확인할 수
                     있습니다.

문제가 생기면:

    "No matching distribution found"
        설치된 Python이 위의 버전이 아니거나, 지원하지 않는 시스템입니다. Python 버전은
        "python3 --version"(Windows: "py --version")으로 확인할 수 있습니다.
    "No module named venv"
        Debian, Ubuntu: apt install python3-venv
    브라우저가 열리지 않을 때
        두 번째 명령이 출력한 주소를 브라우저의 주소창에 붙여 넣으세요.
""",
}
FILES = {"en": "README.txt", "ko": "README.ko.txt"}
WITHOUT_LESSONS = {"en": ": not in this one; the lab shows them too",
                   "ko": ": 이 꾸러미에는 없습니다. 같은 내용을 브라우저에서 볼 수 있습니다"}
SYSTEM_NAMES = {"linux": "Linux", "linux-arm": "Linux on ARM", "windows": "Windows", "macos": "macOS",
                "macos-intel": "macOS on Intel"}


def readmes(version: str, pythons: list[str], systems: list[str], packages: str, data: list[str],
            has_lessons: bool) -> dict[str, str]:
    """Return {file name: text}.

    Args:
        version: Of tinynet.
        pythons: Such as ["3.11", "3.12"].
        systems: Names of `bundle_wheels.SYSTEMS`.
        packages: What pip is to install, quoted for a shell.
        data: Names of the data sets.
        has_lessons: Whether the notebooks are there.
    """
    unix = ", ".join(SYSTEM_NAMES[name] for name in systems if name != "windows")
    shells = [(unix, UNIX)] * bool(unix) + [("Windows (PowerShell)", WINDOWS)] * ("windows" in systems)
    written = {}
    for lang, text in TEXTS.items():
        commands = "\n".join(f"{title}:\n\n{part}" for title, part in shells)
        written[FILES[lang]] = text.format(
            version=version, pythons=", ".join(pythons), systems=", ".join(SYSTEM_NAMES[name] for name in systems),
            data=", ".join(data) or "-", lessons="" if has_lessons else WITHOUT_LESSONS[lang],
            commands=commands.format(packages=packages, lang="" if lang == "en" else " --lang ko"))
    return written
