# Written by labocloud (docker_engine_folder): the folder that a student shares with containers.
# Who may use Docker makes it here, at a login, for no root writes into a home. While it stays as it
# was at the last one, four tests are all. Without ACLs, as on most NFS, it is a plain folder.
# shellcheck shell=sh
if [ -w /run/docker.sock ] && [ ! -w /etc/profile.d/labocloud.sh ] && {
    [ ! "$HOME"/.labocloud -nt /etc/profile.d/labocloud.sh ] || [ ! "$HOME"/.labocloud -nt "$HOME"/@folder@ ]
}; then
    (
        me=$(id -u)
        [ "$(stat --format %u "$HOME")" = "$me" ] && cd "$HOME" || exit
        # Empty where the engine is root's, who may do anything.
        engine=@engine@
        group=$(umask -S) && group=${group#*,g=} && group=${group%%,*}
        # Whether others are kept out of the home, and that engine with them.
        closed=
        case $engine,$(stat --format %A .) in ,* | *x | *t) ;; *) closed=yes ;; esac
        # Empty at first: a clone goes there as well.
        [ -e @folder@ ] || { mkdir @folder@ && chmod 755 @folder@; }
        # What either side makes, the other can read, change and remove; accounts of a container read.
        # Once the engine is let in, it could put links under a walk. So that is done once, where all is
        # this account's, or root's, and from below: the folder itself opens last.
        if [ -z "$(find @folder@ ! -user "$me" ! -user 0 -print -quit)" ] &&
            ! getfacl --numeric --skip-base @folder@ | grep -q "^default:user:$(id -u ${engine:-"$me"}):"; then
            access=${closed:+other::r-X}${engine:+,user:$engine:rwX}
            [ -z "$access" ] || find @folder@ -type f -exec setfacl --modify "${access#,}" {} +
            find @folder@ -depth -type d -exec setfacl --modify "default:user:$me:rwX,default:other::r-X${engine:+,default:user:$engine:rwX}${access:+,${access#,}}" {} +
        fi
        # The way there. Others may use that engine too, and are not to come by what lies beside the
        # folder: first what is there is closed to them, then what will be.
        [ -z "$closed" ] || {
            find . -mindepth 1 -maxdepth 1 ! -name @folder@ ! -type l -user "$me" -perm /7 -exec chmod o= {} + &&
                setfacl --modify "default:user::rwx,default:group::${group:--},default:other::---" . &&
                setfacl --modify "user:$engine:x" .
        }
        touch .labocloud
    ) </dev/null >/dev/null 2>&1
fi
