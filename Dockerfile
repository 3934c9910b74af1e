# L'image de départ : Python, pip et les paquets du cours. `./lab up` la met sur chaque poste,
# pour que la construction marche sans réseau. Une autre : --build-arg BASE=python:3.13-slim
ARG BASE=labocloud20202021:base
# hadolint ignore=DL3006  # le tag est dans l'argument
FROM ${BASE}

# Le port sur lequel l'application écoute dans le conteneur (une indication : -p le publie)
EXPOSE 8888

# Le dossier dans lequel les instructions suivantes travaillent
WORKDIR /python-app

# Installer Flask et le serveur, aux versions vérifiées par leur empreinte, sans garder de cache.
# Avant l'application : tant que la liste ne change pas, Docker reprend cette couche telle quelle.
COPY ./app/requirements.txt /python-app/
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

# Copier l'application, du dossier ./app vers /python-app, lisible par tous
COPY ./app /python-app
RUN find . ! -perm -004 -exec chmod a+rX {} +

# Les étiquettes : quelle image c'est, de quelles sources (vide quand on la construit soi-même), et
# que son journal dit qui demande
ARG LABOCLOUD_REVISION=""
ENV LABOCLOUD_REVISION=${LABOCLOUD_REVISION}
LABEL labocloud.image=course labocloud.revision=${LABOCLOUD_REVISION} labocloud.log=askers

# Ne pas être root dans le conteneur
USER 10001:10001

# Comment Docker sait que l'application répond
HEALTHCHECK --interval=10s --timeout=30s --retries=3 CMD ["python", "healthcheck.py"]

# Le programme que le conteneur lance ; quand il se termine, le conteneur s'arrête
ENTRYPOINT ["python"]

# Son argument
CMD ["app.py"]
