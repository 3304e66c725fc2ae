"""What the groups of the demo are about and what their people write, in both languages. All of it is invented."""

from typing import Final, NamedTuple


class Both(NamedTuple):
    """One text in English and in Spanish."""

    en: str
    es: str

    def plain(self, **words: object) -> dict[str, str]:
        """As a message carries it."""
        return {"en": self.en.format(**words), "es": self.es.format(**words)}


class Subject(NamedTuple):
    """What a group works on; `counted` is what its goal counts."""

    en: str
    es: str
    framework: str
    kind: str
    counted: Both


REGIONS: Final = (
    Both("north corridor", "corredor norte"),
    Both("river crossing", "paso del río"),
    Both("coast", "costa"),
    Both("desert", "desierto"),
    Both("highlands", "sierra"),
)
SUBJECTS: Final = (
    Subject("Kidnapping", "Secuestro", "1.1.1.1", "working_group",
            Both("kidnappings reported", "secuestros denunciados")),
    Subject("Extortion", "Extorsión", "1.1.1.1", "working_group",
            Both("extortions reported", "extorsiones denunciadas")),
    Subject("Homicide methods", "Métodos de investigación de homicidios", "1.1.1.2", "technical",
            Both("homicides investigated", "homicidios investigados")),
    Subject("Missing persons", "Personas desaparecidas", "1.1.1", "liaison",
            Both("cases without a trace", "casos sin indicios")),
    Subject("Trafficking in persons", "Trata de personas", "1.1.1", "case_team",
            Both("victims identified", "víctimas identificadas")),
    Subject("Firearm traces", "Rastreo de armas de fuego", "2.1.1.1", "working_group",
            Both("firearms without a trace", "armas sin rastreo")),
    Subject("Straw purchases", "Compras por interpósita persona", "2.1.1", "case_team",
            Both("firearms diverted", "armas desviadas")),
    Subject("Ballistics", "Balística", "2.1.1", "technical", Both("casings not compared", "casquillos sin comparar")),
    Subject("Cargo examined together", "Revisión conjunta de carga", "2.2.1.1", "technical",
            Both("consignments with contraband", "embarques con contrabando")),
    Subject("Stolen vehicles", "Vehículos robados", "2.2.1", "liaison",
            Both("vehicles carried across", "vehículos trasladados al otro lado")),
    Subject("Travel documents", "Documentos de viaje", "2.2.1", "technical",
            Both("forged documents found", "documentos falsos detectados")),
    Subject("Synthetic drugs", "Drogas sintéticas", "2.2.1", "working_group",
            Both("deaths by overdose", "muertes por sobredosis")),
    Subject("Chemical precursors", "Precursores químicos", "2.2.1", "case_team",
            Both("consignments not declared", "embarques no declarados")),
    Subject("Money laundering", "Lavado de dinero", "3.1.1", "working_group",
            Both("unexplained transfers", "transferencias sin explicación")),
    Subject("Bulk cash", "Efectivo a granel", "3.1.1", "liaison",
            Both("seizures of cash", "aseguramientos de efectivo")),
    Subject("Fuel theft", "Robo de combustible", "3.1.1", "case_team", Both("illegal taps", "tomas clandestinas")),
    Subject("Fugitives", "Personas prófugas", "3.2.1", "liaison", Both("orders not served", "órdenes sin cumplir")),
    Subject("Mutual legal assistance", "Asistencia jurídica mutua", "3.2.1", "high_level",
            Both("requests past their day", "solicitudes vencidas")),
    Subject("Forensic genetics", "Genética forense", "3.2.1", "technical",
            Both("samples not compared", "muestras sin comparar")),
    Subject("Wildlife trafficking", "Tráfico de fauna silvestre", "2.2.1", "liaison",
            Both("specimens seized", "ejemplares asegurados")),
)  # fmt: skip
PURPOSE: Final = Both("Work on this together: {subject}.", "Atender en conjunto esta materia: {subject}.")
SCOPE: Final = Both("Facts in this region: {region}.", "Hechos en esta región: {region}.")
OUT_OF_SCOPE: Final = Both("Migration, and facts elsewhere.", "Migración y hechos en otras regiones.")
STATEMENT: Final = Both("Fewer, every year: {counted}.", "Reducir cada año: {counted}.")
INDICATOR: Final = Both("{counted}, in twelve months", "{counted}, en doce meses")
SOURCE: Final = Both("Counts of both sides, compared", "Cifras de ambas partes, cotejadas")
AGENDAS: Final = (
    Both("Open cases", "Casos abiertos"),
    Both("Commitments due", "Compromisos por vencer"),
    Both("Figures of the quarter", "Cifras del trimestre"),
    Both("Requests without an answer", "Solicitudes sin respuesta"),
    Both("Training for both sides", "Capacitación para ambas partes"),
)
MINUTES: Final = (
    Both("The open cases were gone through one by one.", "Se revisaron uno por uno los casos abiertos."),
    Both("Both sides compared their figures.", "Ambas partes cotejaron sus cifras."),
    Both("The answers owed were agreed, with a day for each.",
         "Se acordaron las respuestas pendientes, con fecha para cada una."),
    Both("The way of working was reviewed; nothing was changed.", "Se revisó la forma de trabajo; no hubo cambios."),
)  # fmt: skip
INFORMAL: Final = Both(
    "Only one side was there. Nothing was decided.", "Solo asistió una de las partes. No se tomó ninguna decisión."
)
DISPUTED: Final = Both(
    "We remember it otherwise: the figures were not agreed.",
    "Lo recordamos de otro modo: no hubo acuerdo en las cifras.",
)
DECISIONS: Final = (
    Both("Samples travel within ten days.", "Las muestras se envían en un plazo de diez días."),
    Both("Each side names one post for urgent matters.", "Cada parte designa un puesto para asuntos urgentes."),
    Both("The list of cases is gone through at every meeting.", "La lista de casos se revisa en cada reunión."),
)
PROMISES: Final = (
    Both("Send the list of open cases", "Enviar la lista de casos abiertos"),
    Both("Answer the requests that are past their day", "Responder las solicitudes vencidas"),
    Both("Name the post for urgent matters", "Designar el puesto para asuntos urgentes"),
    Both("Compare the samples and tell the result", "Comparar las muestras e informar el resultado"),
    Both("Hold the course for investigators", "Impartir el curso para investigadores"),
    Both("Write the joint protocol", "Redactar el protocolo conjunto"),
    Both("Give the figures of the half-year", "Entregar las cifras del semestre"),
)
REFORM: Final = Both(
    "Change our own rules on keeping evidence", "Modificar nuestras propias reglas de resguardo de indicios"
)
CANCELED: Final = "Cierre presupuestal / End of the budget year"
VENUES: Final = ("Sala 1 / Room 1", "Videoconferencia / By video", "Oficina de enlace / Liaison office")
CONCLUDED: Final = "Se cumplió el objetivo / The goal was reached"
MERGED: Final = "Una misma materia, un solo grupo / One subject, one group"
