# Written by labocloud (docker_engine_folder): the folder that a student shares with containers.
# Who may use Docker makes it here at a login, for no root writes into a home; once: until this file
# or the folder changes, three tests are all. Without ACLs, as on most NFS, it is a plain folder.
if [ -w /run/docker.sock ] && [ ! -w /etc/profile.d/labocloud.sh ] &&
    [ ! "$HOME"/@folder@/.labocloud -nt /etc/profile.d/labocloud.sh ]; then
    (
        [ -O "$HOME" ] && cd "$HOME" || exit
        # Empty where the engine is root's, who may do anything.
        engine=@engine@
        me=$(id -u)
        group=$(umask -S) && group=${group#*,g=} && group=${group%%,*}
        [ -e @folder@ ] || { mkdir @folder@ && chmod 755 @folder@; }
        # What either side makes, the other can read, change and remove.
        setfacl --recursive --physical --modify "user:$me:rwX,default:user:$me:rwX,default:other::r-X${engine:+,user:$engine:rwX,default:user:$engine:rwX}" @folder@
        # The way there. Others may use that engine too, and are not to come by what lies beside the
        # folder in a home that was closed to them: first what is there, then what will be, is closed.
        case $engine,$(stat --format %A .) in
            ,* | *x | *t) ;;
            *)
                find . -mindepth 1 -maxdepth 1 ! -name @folder@ ! -type l -user "$me" -perm /7 -exec chmod o= {} + &&
                    setfacl --modify "default:user::rwx,default:group::${group:--},default:other::---" . &&
                    setfacl --modify "user:$engine:x" .
                ;;
        esac
        touch @folder@/.labocloud
    ) </dev/null >/dev/null 2>&1
fi
