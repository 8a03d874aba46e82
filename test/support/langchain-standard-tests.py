"""LangChain's own standard tests for vector stores, run over the LangChain.js store that answers at VECFERRY_BRIDGE.

What stands here only carries calls: ids, order, overwriting and everything else the tests look at is decided on the other side.
"""

import json
import os
import urllib.request
from typing import Any, Generator

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests


def ask(call: str, **given: Any) -> Any:
    body = json.dumps({"call": call, **given}).encode()
    request = urllib.request.Request(os.environ["VECFERRY_BRIDGE"], body)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Bridged(VectorStore):
    def __init__(self, embedding: Embeddings) -> None:
        self._embedding = embedding

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        return ask(
            "add",
            vectors=self._embedding.embed_documents([one.page_content for one in documents]),
            documents=[
                {"id": one.id, "pageContent": one.page_content, "metadata": one.metadata}
                for one in documents
            ],
            ids=kwargs.get("ids"),
        )

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> None:
        ask("delete", ids=ids)

    def get_by_ids(self, ids: Any) -> list[Document]:
        return [to_document(one) for one in ask("get", ids=list(ids))]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        found = ask("search", query=self._embedding.embed_query(query), k=k)
        return [to_document(one) for one in found]

    @classmethod
    def from_texts(cls, *args: Any, **kwargs: Any) -> "Bridged":
        raise NotImplementedError


def to_document(one: dict[str, Any]) -> Document:
    return Document(id=one["id"], page_content=one["pageContent"], metadata=one["metadata"])


class TestTenantVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture()
    def vectorstore(self) -> Generator[VectorStore, None, None]:
        try:
            yield Bridged(self.get_embeddings())
        finally:
            ask("empty")
