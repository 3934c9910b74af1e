cd ~/labocloud/ex14
. ./postes
echo "Carte de $POSTE" > carte.txt
printf 'FROM labocloud20202021:base\nCOPY carte.txt /carte.txt\nCMD ["cat", "/carte.txt"]\n' > Dockerfile
docker build -t carte:"$POSTE" .
docker save carte:"$POSTE" > carte.tar
docker run -d --name guichet -p 8140:8000 -v ~/labocloud/ex14:/site:ro -w /site labocloud20202021:base python -m http.server 8000
docker run -d --name accueil -p 8141:8888 labocloud20202021:python
until docker run --rm labocloud20202021:base wget -qO- "http://$ADRESSE:8141/healthz"; do sleep 2; done
docker run --name visiteur labocloud20202021:base wget -qO- "http://$ADRESSE:8141/healthz"
docker run --rm labocloud20202021:base wget -qO- "http://$ADRESSE:8140/carte.tar" | docker load
docker run --name recue carte:"$VOISIN"
