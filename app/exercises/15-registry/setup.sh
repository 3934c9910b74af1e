mkdir -p ~/labocloud/ex15
put ~/labocloud/ex15/registre <<END
IMAGE=$LABO_IMAGE
END
