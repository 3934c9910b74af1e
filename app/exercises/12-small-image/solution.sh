mkdir -p ~/labocloud/ex12
cd ~/labocloud/ex12
cat > page.md <<'END'
# Docker

* image
* conteneur
END
cat > gros.Dockerfile <<'END'
FROM labocloud20202021:base
RUN pip install markdown-it-py
WORKDIR /www
COPY page.md .
RUN markdown-it page.md > index.html
CMD ["python", "-m", "http.server", "8000"]
END
case $(uname -m) in
  aarch64) loader=/lib/ld-linux-aarch64.so.1 libs=/lib/aarch64-linux-gnu ;;
  *) loader=/lib64/ld-linux-x86-64.so.2 libs=/lib/x86_64-linux-gnu ;;
esac
cat > petit.Dockerfile <<END
FROM labocloud20202021:base AS atelier
RUN pip install markdown-it-py
WORKDIR /www
COPY page.md .
RUN markdown-it page.md > index.html

FROM scratch
COPY --from=atelier /usr/bin/busybox /usr/bin/busybox
COPY --from=atelier $loader ${loader%/*}/
COPY --from=atelier $libs/libc.so.6 $libs/libresolv.so.2 $libs/
COPY --from=atelier /www/index.html /www/
USER 65534:65534
CMD ["/usr/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/www"]
END
docker build --network none -f gros.Dockerfile -t gros:1 .
docker build --network none -f petit.Dockerfile -t petit:1 .
docker image ls gros
docker image ls petit
docker run -d --init --name gros -p 8112:8000 gros:1
docker run -d --init --name petit -p 8113:8000 petit:1
sleep 3
docker ps --filter name=gros --filter name=petit
