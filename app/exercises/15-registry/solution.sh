. ~/labocloud/ex15/registre
docker pull "$IMAGE"
docker run -d --name tiree -p 8150:8888 "$IMAGE"
