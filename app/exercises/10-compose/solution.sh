cd ~/labocloud/ex10
cat > compose.yaml <<'END'
services:
  web:
    build: ./web
    init: true
    ports:
      - "8110:8000"
  compteur:
    build: ./compteur
    init: true
    volumes:
      - visites:/data

volumes:
  visites:
END
docker compose up -d --build
timeout 300 sh -c 'until docker run --rm --network ex10_default labocloud20202021:base wget -qO- http://web:8000/ | grep visits; do sleep 1; done'
docker compose down
docker compose up -d
timeout 300 sh -c 'until docker run --rm --network ex10_default labocloud20202021:base wget -qO- http://web:8000/ | grep visits; do sleep 1; done'
docker compose ps
