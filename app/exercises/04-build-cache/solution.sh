mkdir -p ~/labocloud/ex4
cd ~/labocloud/ex4
echo 'print("1")' > app.py
cat > lent.Dockerfile <<'END'
FROM labocloud20202021:base
WORKDIR /app
COPY app.py .
RUN pip install flask
CMD ["python", "app.py"]
END
cat > vite.Dockerfile <<'END'
FROM labocloud20202021:base
WORKDIR /app
RUN pip install flask
COPY app.py .
CMD ["python", "app.py"]
END
docker build --network none -f lent.Dockerfile -t lent:1 .
docker build --network none -f vite.Dockerfile -t vite:1 .
labo answer 4 lent
date +'print("%T")' > app.py
docker build --network none -f lent.Dockerfile -t lent:2 .
docker build --network none -f vite.Dockerfile -t vite:2 .
docker history lent:2
docker history vite:2
echo 'mot de passe' > secret.txt
cat > tout.Dockerfile <<'END'
FROM labocloud20202021:base
WORKDIR /app
COPY . .
END
docker build -f tout.Dockerfile -t tout:1 .
docker run --name tout1 tout:1 ls
echo secret.txt > .dockerignore
docker build -f tout.Dockerfile -t tout:2 .
docker run --name tout2 tout:2 ls
