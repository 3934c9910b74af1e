labo answer 5 2 1
docker run --name oublie labocloud20202021:base sh -c 'mkdir -p /data; hostname >> /data/passages; cat /data/passages'
docker rm oublie
docker run --name oublie labocloud20202021:base sh -c 'mkdir -p /data; hostname >> /data/passages; cat /data/passages'
docker volume create cahier
docker run --name garde -v cahier:/data labocloud20202021:base sh -c 'mkdir -p /data; hostname >> /data/passages; cat /data/passages'
docker rm garde
docker run --name garde -v cahier:/data labocloud20202021:base sh -c 'mkdir -p /data; hostname >> /data/passages; cat /data/passages'
docker volume inspect cahier
