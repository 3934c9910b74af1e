docker swarm init --advertise-addr 127.0.0.1
docker service create --name equipe --replicas 2 --publish mode=host,target=8888 \
    --no-resolve-image --no-healthcheck --update-parallelism 0 --update-monitor 1s \
    --rollback-parallelism 0 --rollback-monitor 1s labocloud20202021:python
docker service scale equipe=3
docker service update --no-resolve-image --env-add COULEUR=vert equipe
timeout 300 sh -c 'until docker service rollback equipe; do sleep 1; done'
docker service ps equipe
docker ps --filter label=com.docker.swarm.service.name=equipe --format '{{.Names}} {{.Ports}}'
