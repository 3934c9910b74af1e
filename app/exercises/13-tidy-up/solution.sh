docker swarm leave --force || true
docker ps -a --format '{{.Names}}' | grep -vx flask | xargs -r docker rm --force --volumes
docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -v -e '^labocloud20202021:' -e '<none>' | xargs -r docker image rm
docker image prune --force
docker network ls --format '{{.Name}}' | grep -vx -e bridge -e host -e none -e ingress | xargs -r docker network rm
docker volume ls --format '{{.Name}}' | grep -vx precieux | xargs -r docker volume rm
labo answer 13 "$(docker run --rm -v precieux:/data labocloud20202021:base cat /data/carnet)"
docker system df
