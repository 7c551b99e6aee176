"""Clients that others have written, one a call: langchain, llama_index or kserve; prints what it got as one line of JSON."""
import asyncio
import json
import sys

client, base, key, model, *images = sys.argv[1:]


def langchain():
    from langchain_openai import OpenAIEmbeddings

    # Without the last one it sends numbers of tokens in place of the texts.
    embeddings = OpenAIEmbeddings(
        model=model, base_url=f"{base}/v1", api_key=key, check_embedding_ctx_length=False
    )
    return {"many": embeddings.embed_documents(images), "one": embeddings.embed_query(images[0])}


def llama_index():
    from llama_index.embeddings.openai_like import OpenAILikeEmbedding

    embedding = OpenAILikeEmbedding(model_name=model, api_base=f"{base}/v1", api_key=key)
    return {
        "many": embedding.get_text_embedding_batch(images),
        "one": embedding.get_text_embedding(images[0]),
    }


async def kserve():
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

    rest = InferenceRESTClient(RESTConfig(protocol="v2"))
    headers = {"authorization": f"Bearer {key}"}
    asked = InferRequest(
        model_name=model,
        infer_inputs=[InferInput(name="images", shape=[len(images)], datatype="BYTES", data=images)],
    )
    answer = await rest.infer(base, asked, headers=headers, model_name=model)
    vectors = answer.outputs[0].as_numpy()
    return {
        "many": vectors.tolist(),
        "one": vectors[0].tolist(),
        "live": await rest.is_server_live(base, headers=headers),
        "ready": await rest.is_server_ready(base, headers=headers),
        "model": await rest.is_model_ready(base, model, headers=headers),
    }


made = {"langchain": langchain, "llama_index": llama_index, "kserve": lambda: asyncio.run(kserve())}[client]()
print(json.dumps(made))
