"""The course's web application. The image runs this file: ENTRYPOINT ["python"], CMD ["app.py"]."""

from labocloud import create_app
from labocloud.server import serve

app = create_app()
serve(app)
