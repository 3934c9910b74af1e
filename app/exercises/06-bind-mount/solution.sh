mkdir -p ~/labocloud/ex6
echo '<h1>1</h1>' > ~/labocloud/ex6/index.html
docker run -d --name site -p 8096:8000 -v ~/labocloud/ex6:/site:ro -w /site labocloud20202021:base python -m http.server 8000
sleep 2
echo '<h1>2</h1>' > ~/labocloud/ex6/index.html
docker exec site cat /site/index.html
