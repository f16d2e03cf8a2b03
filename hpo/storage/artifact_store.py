"""Where artifacts lie: a folder beside the database, or a bucket of S3-compatible storage."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from optuna.artifacts import Boto3ArtifactStore, FileSystemArtifactStore
from optuna.artifacts._protocol import ArtifactStore

from hpo.errors import StorageError, printable
from hpo.storage.connection import first_line

# The folder of artifacts in the runs folder.
ARTIFACTS = "artifacts"
# Two attempts take less than the lease of a study's owner, who waits for them.
PATIENCE: dict[str, Any] = {"connect_timeout": 3, "read_timeout": 5, "retries": {"total_max_attempts": 2}}


def open_artifact_store(runs: Path, location: str | None = None) -> ArtifactStore:
    """Open the store that `--runs` and `--artifacts` name.

    Args:
        runs: folder of everything that is produced; it holds the default folder of artifacts.
        location: `s3://BUCKET/PREFIX`; None is the default folder. The server and its keys are found as boto3 finds
            them: `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `~/.aws`.

    Raises:
        StorageError: it is not a bucket, or the bucket cannot be used.
    """
    return FolderStore(runs / ARTIFACTS) if location is None else BucketStore(location)


class FolderStore(FileSystemArtifactStore):
    """Artifacts as files of one folder, which is made if need be."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Write an artifact whole, in place of an earlier one of this id.

        Raises:
            OSError: it cannot be written.
        """
        path = self._get_filepath(artifact_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{artifact_id}.{os.getpid()}")
        with temporary.open("wb") as file:
            shutil.copyfileobj(content_body, file)
        temporary.replace(path)


class BucketStore(Boto3ArtifactStore):
    """Artifacts as objects of one bucket.

    Args:
        location: `s3://BUCKET/PREFIX`.

    Raises:
        StorageError: `location` has another form, boto3 is not installed, or the bucket cannot be used.
    """

    def __init__(self, location: str) -> None:
        parts = urlsplit(location)
        if parts.scheme != "s3" or not parts.hostname or "@" in parts.netloc or parts.query:
            raise StorageError("--artifacts takes s3://BUCKET or s3://BUCKET/PREFIX; keys come from the environment.")
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            needs = "needs the extra package of hpo[s3]: pip install 'hpo[s3]'"
            raise StorageError(f"--artifacts {location} {needs}.") from None
        self._prefix = parts.path.strip("/")
        try:
            with bucket_errors():
                super().__init__(parts.netloc, boto3.Session().client("s3", config=Config(**PATIENCE)))
                self.client.head_bucket(Bucket=self.bucket)
        except OSError as error:
            raise StorageError(f"--artifacts {location}: {error}.") from None

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Return an artifact to be read."""
        return super().open_reader(self._key(artifact_id))

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Write an artifact, in place of an earlier one of this id.

        Raises:
            OSError: it cannot be written.
        """
        with bucket_errors():
            super().write(self._key(artifact_id), content_body)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact, if it is there.

        Raises:
            OSError: it cannot be removed.
        """
        with bucket_errors():
            super().remove(self._key(artifact_id))

    def _key(self, artifact_id: str) -> str:
        return f"{self._prefix}/{artifact_id}" if self._prefix else artifact_id


@contextmanager
def bucket_errors() -> Iterator[None]:
    """Raise `OSError` with one clear line in place of boto3's errors."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    try:
        yield
    except (NoCredentialsError, PartialCredentialsError):
        raise OSError(
            "there are no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them into ~/.aws/credentials"
        ) from None
    except ParamValidationError:
        raise OSError("a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens") from None
    except ClientError as error:
        match str(error.response.get("Error", {}).get("Code")):
            case "404" | "NoSuchBucket":
                raise OSError("the bucket does not exist: create it, or check its name and AWS_ENDPOINT_URL") from None
            case "403" | "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch":
                raise OSError("the server refuses these keys; check them, and the rights that they give") from None
        raise OSError(printable(first_line(error))) from None
    except (BotoCoreError, Boto3Error, ValueError) as error:  # The last of an AWS_ENDPOINT_URL that is not a URL.
        raise OSError(first_line(error)) from None
