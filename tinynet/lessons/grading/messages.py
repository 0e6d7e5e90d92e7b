"""What the report tells when no function was judged, and the command's own sentences, in both languages."""

from __future__ import annotations

from ..checks.words import Words

# Why a submission has no marks, or not all: {key in the column "mistake": words}.
REASONS = {
    "time_limit": Words("it was not finished after {seconds:g} seconds and was stopped.",
                        "{seconds:g}초 안에 끝나지 않아 멈췄습니다."),
    "memory_limit": Words("it needed more than {memory} MB of memory and was stopped.",
                          "메모리를 {memory} MB 넘게 써서 멈췄습니다."),
    "process_limit": Words("it started more than {processes} processes and threads and was stopped.",
                           "프로세스와 스레드를 {processes}개 넘게 만들어 멈췄습니다."),
    "file_limit": Words("it made more than {files} files and was stopped.", "파일을 {files}개 넘게 만들어 멈췄습니다."),
    "output_limit": Words("it printed more than {output} MB and was stopped.", "{output} MB 넘게 출력해서 멈췄습니다."),
    "ended": Words("its process ended by itself ({detail}): exit, a crash, or a signal.",
                   "프로세스가 스스로 끝났습니다({detail}). 종료(exit)했거나, 충돌이 났거나, 신호를 받았습니다."),
    "protocol": Words("it disturbed the grader's pipe, through which the answers come ({detail}). Read this notebook.",
                      "채점기가 답을 받는 파이프(pipe)를 건드렸습니다({detail}). 이 노트북은 직접 읽어 보세요."),
    "not_a_notebook": Words("it is not a notebook: {detail}.", "노트북 파일이 아닙니다: {detail}."),
    "too_large": Words("the file has {detail} MB; at most {notebook} MB are read.",
                       "파일이 {detail} MB입니다. {notebook} MB까지만 읽습니다."),
    "not_a_file": Words("it is not an ordinary file but {detail}; it was not opened.",
                        "보통 파일이 아니라 {detail}입니다. 열지 않았습니다."),
    "unreadable": Words("it cannot be read: {detail}.", "읽을 수 없습니다: {detail}."),
    "unknown_lesson": Words(
        "which lesson it is of is unknown: there is no lesson in its metadata, and no function such as my_momentum.",
        "어느 강의의 노트북인지 알 수 없습니다. 메타데이터에 강의 이름이 없고, my_momentum 같은 함수도 없습니다."),
    "failed": Words("tinynet itself failed on it: {detail}. Please report this.",
                    "tinynet 자체의 오류입니다: {detail}. 알려 주시면 고치겠습니다."),
}
NOT_A_FILE = {
    "link": Words("a symbolic link", "심볼릭 링크(symbolic link)"), "folder": Words("a folder", "폴더"),
    "other": Words("a device or a pipe", "장치나 파이프"),
}
EXIT_CODE = Words("exit code {code}", "종료 코드 {code}")
CLOSED = Words("it closed its pipe", "파이프를 닫음")

IN_NOTEBOOK = Words("The notebook: {reason}", "노트북: {reason}")
IN_CALL = Words("my_{name}: {reason}", "my_{name}: {reason}")
AFTER_CALL = Words("Not judged: the process had ended in my_{name}.", "채점하지 못했습니다. my_{name}에서 프로세스가 끝났습니다.")
MISSING = Words("Not done: the notebook defines no my_{name}.", "하지 않음: 노트북에 my_{name} 함수가 없습니다.")
MISSING_FAILED = Words(
    "Not done: after the run there is no my_{name}. Cells failed, perhaps the one that defines it: {failed}.",
    "하지 않음: 실행한 뒤에 my_{name} 함수가 없습니다. 오류가 난 셀이 있으니 그 안에 있었는지도 모릅니다: {failed}.")
UNTOUCHED = Words("Not done: my_{name} is still the empty template.", "하지 않음: my_{name}이(가) 처음 받은 빈 틀 그대로입니다.")

# Of the summary of a file.
RIGHT = Words("{right} of {count} right.", "{count}문제 중 {right}문제를 맞혔습니다.")
NO_EXERCISES = Words("This lesson has no exercises that are checked.", "채점할 연습 문제가 없는 강의입니다.")
BY_FUNCTIONS = Words("The lesson was found by the functions; its metadata names none.",
                     "메타데이터에 강의 이름이 없어서 함수 이름으로 찾았습니다.")
CELLS_FAILED = Words("Cells that failed: {failed}.", "오류가 난 셀: {failed}.")
CELL = Words("cell {number} ({error})", "셀 {number} ({error})")
SAME_CONTENT = Words("The same content as {other}.", "{other}와(과) 내용이 똑같습니다.")
SEED = Words("Seed {seed}.", "시드(seed) {seed}.")
NOT_ISOLATED = Words("Run without the sandbox.", "샌드박스 없이 실행했습니다.")

# Of the command.
BEGIN = Words("notebooks: {count}, seed {seed}, at most {seconds:g} s each", "노트북 {count}개, 시드 {seed}, 하나에 최대 {seconds:g}초")
DONE = Words("notebooks: {count}, {seconds:.0f} s, table written to {path}", "노트북 {count}개, {seconds:.0f}초: 표를 {path}에 저장했습니다")
ISOLATED = Words(
    "Each runs in a sandbox (bubblewrap) without network and home. A fault in the kernel would let one out; the "
    "processor's time and caches are shared.",
    "노트북마다 네트워크와 홈 폴더가 없는 샌드박스(bubblewrap)에서 실행합니다. 커널의 결함까지 막지는 못하며, CPU의 시간과 캐시는 함께 "
    "씁니다.")
UNSAFE = Words(
    "WITHOUT A SANDBOX ({reason}). Each notebook runs as you, and can do all that you can: read and delete your files "
    "and the other submissions, use the network, start programs that go on running. Limited are only its time, the "
    "memory and the file size of each process, and its output.",
    "샌드박스 없이 실행합니다({reason}). 노트북은 여러분의 권한으로 실행되어 여러분이 할 수 있는 일은 무엇이든 할 수 있습니다. 파일과 다른 "
    "제출물을 읽고 지우고, 네트워크를 쓰고, 끝나지 않는 프로그램을 띄울 수도 있습니다. 제한되는 것은 시간, 프로세스마다의 메모리와 파일 크기, "
    "출력량뿐입니다.")
REFUSED = Words(
    "submitted notebooks are foreign programs, and there is no sandbox for them here: {reason}. Install or allow "
    "bubblewrap, or run with --unsafe on a machine that has nothing to lose",
    "제출된 노트북은 남이 만든 프로그램인데, 여기에는 그것을 가둘 샌드박스가 없습니다: {reason}. bubblewrap을 설치하거나 허용하세요. 잃을 것이 "
    "없는 컴퓨터라면 --unsafe로 실행할 수 있습니다")
