# The project's accounts and who may do what with it.

resource "google_service_account" "uploader" {
  account_id   = "uploader"
  display_name = "Puts photos into the bucket"
}

# Needed while the upload was being built. Narrow it later!
resource "google_project_iam_member" "uploader" {
  project = "acme-media"
  role    = "roles/editor" # everything
  member  = "serviceAccount:uploader@acme-media.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "analysts" {
  project = "acme-media"
  role    = "roles/viewer"
  member  = "group:media-analysts@acme.example"
}

resource "google_storage_bucket_iam_member" "publisher" {
  bucket = "acme-media-site"
  role   = "roles/storage.objectAdmin" # writes the site
  member = "serviceAccount:site-publisher@acme-media.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "deployer" {
  project = var.project
  role    = "roles/run.developer"
  member  = "serviceAccount:${google_service_account.deployer.email}"
}
