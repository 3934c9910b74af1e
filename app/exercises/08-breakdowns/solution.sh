docker ps -a --filter name=panne
docker logs panne1
docker port panne2
docker logs panne3
docker inspect --format '{{.State.Status}}: {{.State.Error}}' panne4
docker rm --force panne1 panne2 panne3 panne4
docker run -d --name panne1 -p 8101:8888 labocloud20202021:python
docker run -d --name panne2 -p 8102:8888 labocloud20202021:python
docker run -d --name panne3 -p 8103:8888 -v ~/labocloud/ex8:/ex8:ro labocloud20202021:python /ex8/app.py
docker run -d --name panne4 -p 8104:8888 labocloud20202021:python
sleep 3
