docker run --name premier labocloud20202021:base echo Docker
docker ps -a
docker logs premier
docker run -d --name dedans labocloud20202021:base sleep 1d
docker exec dedans sh -c 'hostname > /mot.txt'
docker diff dedans
labo answer 1 oui
docker stop dedans
labo answer 1 "$(docker run --rm labocloud20202021:base hostname)"
