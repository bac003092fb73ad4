# What ./fovea, ./test and bench/run share; sourced by bash (3.2, as macOS has it, will do). Expects $root, the folder
# of the project, and $me, the name to speak under. Nothing here writes to stdout.

readonly OLDEST_JDK=25
readonly BUILD_LOCK=$root/.cache/build.lock
# Of every JVM that runs the command.
# SLF4J, which libraries log through, would announce that nobody listens.
# Serial collection: the heap is small (weights are mapped, activations lie outside), and cores are for the model. New objects have
# 32 MB at first, not a hundred: little of them lives on, and what was touched once stays resident.
readonly JVM_FLAGS=(
    --add-modules jdk.incubator.vector
    --enable-native-access=ALL-UNNAMED
    -Djava.awt.headless=true
    -Dslf4j.internal.verbosity=ERROR
    -XX:+UseSerialGC
    -XX:NewSize=32m
    -XX:-UsePerfData
    # Linking a few hundred lambdas makes it hot for a moment, and C2 takes half a second over it.
    -XX:CompileCommand=quiet
    -XX:CompileCommand=CompileThresholdScaling,java.lang.invoke.MethodType::makeImpl,100.0
)
# What a Java must have to count: to build, the compiler; a release can do without.
java_tool=javac
fetched_files=0 fetched_kb=0 next_progress=0

# Sets REPLY to the major version of the Java in a folder; fails where there is none.
jdk_version() {
    local line
    [[ -x $1/bin/$java_tool && -r $1/release ]] || return 1
    while IFS= read -r line; do
        if [[ $line == JAVA_VERSION=* ]]; then
            line=${line#*\"}
            REPLY=${line%%[!0-9]*}
            return 0
        fi
    done <"$1/release"
    return 1
}

# Sets REPLY to the folder of the JDK that `java` on the PATH belongs to.
jdk_on_path() {
    local file link
    file=$(type -P java) || return 1
    while [[ -L $file ]]; do
        link=$(readlink "$file")
        [[ $link == /* ]] || link=${file%/*}/$link
        file=$link
    done
    REPLY=${file%/bin/java}
}

# Exports JAVA_HOME: the user's own choice where it is new enough, else the newest JDK in the usual places.
find_jdk() {
    local home newest=0 seen=""
    for home in "${JAVA_HOME:-}" "$(jdk_on_path && echo "$REPLY")"; do
        if [[ -n $home ]] && jdk_version "$home"; then
            if ((REPLY >= OLDEST_JDK)); then
                export JAVA_HOME=$home
                return
            fi
            seen="$seen $REPLY in $home;"
        fi
    done
    for home in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home ~/Library/Java/JavaVirtualMachines/*/Contents/Home \
        /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
        /home/linuxbrew/.linuxbrew/opt/openjdk*/libexec ~/.sdkman/candidates/java/* ~/.jdks/* ~/.gradle/jdks/* ~/.jenv/versions/* \
        ~/.jabba/jdk/* ~/.local/share/mise/installs/java/* ~/.asdf/installs/java/*; do
        if jdk_version "$home" && ((REPLY >= OLDEST_JDK && REPLY > newest)); then
            newest=$REPLY
            export JAVA_HOME=$home
        fi
    done
    if ((newest == 0)); then
        {
            echo "$me: no JDK $OLDEST_JDK or newer found; looked at JAVA_HOME, at java on the PATH and in the usual folders.${seen:+ Too old:${seen%;}.}"
            echo "$me: install one (apt install openjdk-25-jdk; brew install openjdk@25; sdk install java 25-tem; https://adoptium.net)" \
                "or let JAVA_HOME name its folder."
        } >&2
        exit 1
    fi
}

# Runs Maven on the project; what it fetches is in its output, for narrate. Its own Java gets the flags that keep Maven 3 quiet on
# new JDKs.
maven() {
    if ! type -P mvn >/dev/null; then
        echo "$me: mvn not found; building needs Maven 3.8 or newer (apt install maven; brew install maven; sdk install maven)" >&2
        return 127
    fi
    MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -XX:+UseSerialGC \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=info ${MAVEN_OPTS:-}" \
        mvn -Dstyle.color=never -f "$root/pom.xml" "$@"
}

# Says on stderr how far a build is, in a line that is rewritten on a terminal, and now and then elsewhere.
progress() {
    if [[ -t 2 ]]; then
        printf '\r\033[K%s: %s' "$me" "$1" >&2
    elif ((SECONDS >= next_progress)); then
        next_progress=$((SECONDS + 10))
        echo "$me: $1" >&2
    fi
}

progress_done() {
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
}

# Counts a line of Maven's log that says "Downloaded from … (1.9 MB at …)" in fetched_files and fetched_kb.
count_fetched() {
    local size=${1##*\(} number unit whole tenth=0
    number=${size%% *} unit=${size#* } unit=${unit%% *}
    whole=${number%%.*}
    [[ $number != *.* ]] || tenth=${number#*.} tenth=${tenth:0:1}
    case $unit in
        MB) ((fetched_kb += whole * 1000 + tenth * 100)) ;;
        kB) ((fetched_kb += whole)) ;;
    esac
    ((fetched_files += 1))
}

# Waits until no other process builds. The lock is a link whose target is the process id of its holder.
lock_build() {
    local holder waiting=""
    mkdir -p "$root/.cache"
    until ln -s $$ "$BUILD_LOCK" 2>/dev/null; do
        holder=$(readlink "$BUILD_LOCK") || continue
        if kill -0 "$holder" 2>/dev/null; then
            [[ -n $waiting ]] || echo "$me: another build of this folder is running (process $holder); waiting for it..." >&2
            waiting=yes
            sleep 0.2
        else
            rm -f "$BUILD_LOCK"
        fi
    done
    trap unlock_build EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

unlock_build() {
    rm -f "$BUILD_LOCK"
    trap - EXIT INT TERM
}

# Lets the JVM in a folder keep the classes of an answer beside a jar, as it has them in memory, for later starts to map (class
# data sharing). Where it cannot, an empty file says so until the jar changes.
archive_classes() {
    local archive=${2%.jar}.jsa
    echo "$me: keeping the classes of a first answer for quicker starts..." >&2
    "$1/bin/java" "${JVM_FLAGS[@]}" -XX:ArchiveClassesAtExit="$archive.new" -jar "$2" \
        run demo "What is in the center?" --image "$root/demo/pictures/one.png" >/dev/null 2>&1 || rm -f "$archive.new"
    [[ -s $archive.new ]] || : >"$archive.new"
    mv -f "$archive.new" "$archive"
}
