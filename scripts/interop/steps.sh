# Sourced by the install scripts: each step installs one thing, pinned, into $cache, once, or says what a user without root must install.
cache="${SEALGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealgate}/interop"
mkdir -p "$cache"

stamp_of() { # text: what a change of the pinned versions changes
	cksum <<<"$1" | cut -d' ' -f1
}

go_tool() { # name, package@version
	local stamp="$cache/$1.$(stamp_of "$2")"
	[ -x "$stamp" ] && { ln -sfn "$stamp" "$cache/$1"; return; }
	local build
	build=$(mktemp -d)
	echo "building $2" >&2
	GOBIN="$build" timeout 1800 go install -ldflags "-s -w" "$2" >&2
	mv "$build/$1" "$stamp"
	rmdir "$build"
	ln -sfn "$stamp" "$cache/$1"
}

go_module() { # name, package, version: of a module whose own replacements forbid go install
	local stamp="$cache/$1.$(stamp_of "$2@$3")"
	[ -x "$stamp" ] && { ln -sfn "$stamp" "$cache/$1"; return; }
	local build
	build=$(mktemp -d)
	echo "building $2@$3" >&2
	(
		cd "$build"
		go mod init counterpart
		printf '//go:build tools\n\npackage tools\n\nimport _ "%s"\n' "$2" >tools.go
		go mod edit -require "$2@$3"
		go mod tidy
		timeout 1800 go build -ldflags "-s -w" -o "$1" "$2"
	) >&2
	mv "$build/$1" "$stamp"
	rm -r "$build"
	ln -sfn "$stamp" "$cache/$1"
}

debian() { # command (a name or a path), package...
	local command="$1"
	shift
	command -v "$command" >/dev/null && return
	[ "$(id -u)" -eq 0 ] || { echo "install as root: apt-get install $*" >&2; exit 1; }
	echo "installing $*" >&2
	# Not remembered in the cache, which may have come from another machine.
	[ -n "${updated:-}" ] || apt-get update -q >&2
	updated=yes
	DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" >&2
}

venv() { # name, packages
	local stamp="$cache/$1/.installed-$(stamp_of "$2")"
	[ -e "$stamp" ] && return
	echo "installing $2" >&2
	rm -rf "${cache:?}/$1"
	python3 -m venv "$cache/$1" >&2
	# shellcheck disable=SC2086
	timeout 900 "$cache/$1/bin/pip" install -q $2 >&2
	touch "$stamp"
}

# A folder of the cache with the jars of a pom and the classes of the sources beside it.
java_program() { # name, folder with pom.xml and *.java
	local place="$cache/$1"
	local stamp="$place/.installed-$(cat "$2"/pom.xml "$2"/*.java | cksum | cut -d' ' -f1)"
	debian javac default-jdk-headless
	debian mvn maven
	if [ ! -e "$stamp" ]; then
		echo "building $1" >&2
		rm -rf "$place"
		mkdir -p "$place"
		timeout 900 mvn -q -B -Dstyle.color=never -f "$2/pom.xml" "-Dmaven.repo.local=$cache/maven" \
			org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
			-DincludeScope=runtime "-DoutputDirectory=$place/jars" >&2
		javac -d "$place/classes" -cp "$place/jars/*" "$2"/*.java >&2
		touch "$stamp"
	fi
}

# A binary of the cache, built from a folder with go.mod, go.sum and the sources.
go_program() { # name, folder
	local stamp="$cache/$1.$(cat "$2"/go.mod "$2"/go.sum "$2"/*.go | cksum | cut -d' ' -f1)"
	if [ ! -x "$stamp" ]; then
		echo "building $1" >&2
		(cd "$2" && timeout 900 go build -mod=readonly -ldflags "-s -w" -o "$stamp" .) >&2
	fi
	ln -sfn "$stamp" "$cache/$1"
}

# A jar with all that it needs in it, in the cache's repository of Maven.
maven_jar() { # group:artifact:version:packaging:classifier
	local stamp="$cache/.maven-$(stamp_of "$1")"
	[ -e "$stamp" ] && return
	echo "fetching $1" >&2
	timeout 900 mvn -q -B "-Dmaven.repo.local=$cache/maven" dependency:get "-Dartifact=$1" -Dtransitive=false >&2
	touch "$stamp"
}

# Half an hour and more; what an interrupted build made is used by the next one.
cargo_tool() { # crate with a binary of its name, version
	local stamp="$cache/$1.$(stamp_of "$1@$2")"
	if [ ! -x "$stamp" ]; then
		echo "building $1 $2" >&2
		CARGO_TARGET_DIR="$cache/$1-target" nice -n 19 cargo install "$1@$2" --locked --root "$cache/$1-built" >&2
		cp "$cache/$1-built/bin/$1" "$stamp"
		rm -rf "$cache/$1-target"
	fi
	ln -sfn "$stamp" "$cache/$1"
}

# The packages of npm in a folder of the cache.
npm_packages() { # name, packages
	local stamp="$cache/$1/.installed-$(stamp_of "$2")"
	[ -e "$stamp" ] && return
	echo "installing $2" >&2
	rm -rf "${cache:?}/$1"
	mkdir -p "$cache/$1"
	# shellcheck disable=SC2086
	timeout 900 npm install --silent --no-audit --no-fund --prefix "$cache/$1" $2 >&2
	touch "$stamp"
}

# For Debian's own Python.
debian_python() { # module, package
	/usr/bin/python3 -c "import $1" 2>/dev/null && return
	debian "no-command-of-$2" "$2"
}
