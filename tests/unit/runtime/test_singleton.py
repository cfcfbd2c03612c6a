from nameko.containers import ServiceContainer

from services.runtime.singleton import Singleton


class Service:
    name = "service"
    shared = Singleton(lambda container: [container.service_name])


def of_a_worker(container: ServiceContainer) -> object:
    (provider,) = container.dependencies
    return provider.get_dependency(None)


def test_the_workers_of_a_container_share_one_object_and_containers_share_none() -> None:
    one, other = ServiceContainer(Service, {}), ServiceContainer(Service, {})
    for container in (one, other):
        for provider in container.dependencies:
            provider.setup()
    assert of_a_worker(one) == ["service"]
    assert of_a_worker(one) is of_a_worker(one)
    assert of_a_worker(one) is not of_a_worker(other)
