mkdir -p ~/labocloud/ex14
put ~/labocloud/ex14/postes <<END
POSTE=$LABO_SEAT
VOISIN=$LABO_NEIGHBOUR
ADRESSE=$LABO_ADDRESS
END
